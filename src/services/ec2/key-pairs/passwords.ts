// GetPasswordData: the administrator's password of a Windows instance, encrypted to its key pair.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetPasswordData.html

import { base64 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { encryptTo } from '#cloud/rsa.ts';
import { instanceOf, launchOf } from '../instances/instances.ts';
import { windowsPassword } from '../timings.ts';
import { rsaKeyOf } from './key-pairs.ts';

const LENGTH = 32;
const CHARACTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789!@#$%&*()-=+?';

function passwordOf(ctx: Ctx, instanceId: string): string {
  const draw = ctx.random('ec2/windows-password', instanceId);
  return Array.from({ length: LENGTH }, (_, at) => CHARACTERS[Math.floor(draw(at) * CHARACTERS.length)]).join(
    '',
  );
}

export const passwordOperations: Operations<'ec2'> = {
  GetPasswordData(ctx, { InstanceId }) {
    const { instanceId, booted } = instanceOf(ctx, InstanceId);
    const { windows, keyName, createdAt } = launchOf(ctx, instanceId);
    const key = keyName === undefined ? undefined : rsaKeyOf(ctx, keyName);
    const there = createdAt + ctx.duration(windowsPassword, instanceId);
    // Empty until Windows has made it, and always for other systems.
    if (!windows || !key || !booted || ctx.now < there)
      return { InstanceId: instanceId, Timestamp: ctx.now, PasswordData: '' };
    const padding = ctx.random('ec2/password-padding', instanceId);
    const bytes = encryptTo(key, new TextEncoder().encode(passwordOf(ctx, instanceId)), (_, length) =>
      Uint8Array.from({ length }, (__, at) => Math.floor(padding(at) * 256)),
    );
    return { InstanceId: instanceId, Timestamp: there, PasswordData: base64(bytes) };
  },
};
