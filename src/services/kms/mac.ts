// Message authentication codes with HMAC keys.
// https://docs.aws.amazon.com/kms/latest/developerguide/hmac.html

import { hex } from '#world/index.ts';
import type { Sha2 } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { secretOf } from './ciphertext.ts';
import { checkDryRun, incompatible } from './faults.ts';
import { checkUse, keyNamed } from './key.ts';
import { macAlgorithm } from './keys.ts';

interface MacRequest {
  readonly KeyId: string;
  readonly Message: Uint8Array;
  readonly MacAlgorithm: string;
}

function macOf(
  ctx: Ctx,
  { KeyId, Message, MacAlgorithm }: MacRequest,
  operation: string,
): [Uint8Array, string] {
  const { at, key } = keyNamed(ctx, KeyId);
  checkUse(key, operation, 'GENERATE_VERIFY_MAC');
  if (MacAlgorithm !== macAlgorithm(key.spec)) throw incompatible(MacAlgorithm, key.spec);
  const secret = secretOf(at, key.id, key.material) as Uint8Array;
  const hash = key.spec.replace('HMAC_', 'sha') as Sha2;
  return [at.kernel.primitives.hmac(hash, secret, Message), key.arn];
}

export const macOperations: Operations<'kms'> = {
  GenerateMac(ctx, input) {
    const [mac, arn] = macOf(ctx, input, 'GenerateMac');
    checkDryRun(input);
    return { Mac: new Uint8Array(mac), MacAlgorithm: input.MacAlgorithm, KeyId: arn };
  },

  VerifyMac(ctx, input) {
    const [mac, arn] = macOf(ctx, input, 'VerifyMac');
    if (hex(mac) !== hex(input.Mac)) throw new Fault('KMSInvalidMacException', '');
    checkDryRun(input);
    return { KeyId: arn, MacValid: true, MacAlgorithm: input.MacAlgorithm };
  },
};
