// Key pairs that were imported. EC2 cannot make one here: a private key would have to be random in earnest.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { base64, fromBase64 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from './filters.ts';
import { missing } from './requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from './tags.ts';

interface KeyPair {
  keyPairId: string;
  name: string;
  kind: 'rsa' | 'ed25519';
  fingerprint: string;
  publicKey: string;
  createdAt: number;
}
export const keyPairs: Table<KeyPair> = table<KeyPair>('ec2/key-pairs', (row) => row.keyPairId, {
  name: (row) => row.name,
});

/** A key pair by name, or EC2's answer where there is none. */
export function keyPairNamed(ctx: Ctx, name: string): KeyPair {
  const found = ctx.list(keyPairs, 'name', name)[0];
  if (!found) throw new Fault('InvalidKeyPair.NotFound', `The key pair '${name}' does not exist`);
  return found;
}

function keyPairWithId(ctx: Ctx, id: string): KeyPair {
  const found = ctx.get(keyPairs, id);
  if (!found) throw new Fault('InvalidKeyPair.NotFound', `The key pair '${id}' does not exist`);
  return found;
}

const SSH2 = /^---- BEGIN SSH2 PUBLIC KEY ----\n([^]*)\n---- END SSH2 PUBLIC KEY ----$/;

/**
 * The key as OpenSSH has it. SSH2 keys (RFC 4716) have lines of headers, which a backslash continues, before the key in base64.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-key-pairs.html
 */
function openSsh(text: string): string {
  const lines = SSH2.exec(text.replaceAll('\r', ''))?.[1]?.split('\n') ?? [];
  const isHeader = (i: number): boolean =>
    lines[i]?.includes(':') === true || lines[i - 1]?.endsWith('\\') === true;
  const encoded = lines.filter((_, i) => !isHeader(i)).join('');
  const [algorithm] = sshFields(fromBase64(encoded) ?? new Uint8Array());
  return algorithm ? `${new TextDecoder().decode(algorithm)} ${encoded}` : text;
}

/** `ssh-ed25519 AAAA… comment`. */
function parsePublicKey(ctx: Ctx, material: Uint8Array): Pick<KeyPair, 'kind' | 'fingerprint' | 'publicKey'> {
  const text = openSsh(new TextDecoder().decode(material).trim());
  const [algorithm = '', encoded = ''] = text.split(/\s+/);
  const blob = fromBase64(encoded);
  const kind = ({ 'ssh-rsa': 'rsa', 'ssh-ed25519': 'ed25519' } as const)[algorithm];
  if (!kind || !blob) throw new Fault('InvalidKey.Format', 'Key is not in valid OpenSSH public key format');
  const { md5, sha256 } = ctx.kernel.primitives;
  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html
  if (kind === 'ed25519') return { kind, fingerprint: base64(sha256(blob)), publicKey: text };
  const digits = [...md5(rsaInfo(blob))].map((byte) => byte.toString(16).padStart(2, '0'));
  return { kind, fingerprint: digits.join(':'), publicKey: text };
}

/** SSH's fields of an RSA key as the SubjectPublicKeyInfo whose digest AWS shows. */
function rsaInfo(blob: Uint8Array): Uint8Array {
  const [, exponent, modulus] = sshFields(blob);
  if (!exponent || !modulus)
    throw new Fault('InvalidKey.Format', 'Key is not in valid OpenSSH public key format');
  const key = der(0x30, der(0x02, modulus), der(0x02, exponent));
  const rsaEncryption = Uint8Array.from([
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
  ]);
  return der(0x30, der(0x30, rsaEncryption), der(0x03, Uint8Array.of(0), key));
}

function sshFields(blob: Uint8Array): Uint8Array[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const fields: Uint8Array[] = [];
  for (let at = 0; at + 4 <= blob.length;) {
    const length = view.getUint32(at);
    fields.push(blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, Math.floor(length / 256), length % 256];
  return Uint8Array.from([tag, ...head, ...parts.flatMap((part) => [...part])]);
}

export const keyPairOperations: Operations<'ec2'> = {
  ImportKeyPair(ctx, { KeyName, PublicKeyMaterial, TagSpecifications }) {
    if (ctx.list(keyPairs, 'name', KeyName).length > 0) {
      throw new Fault('InvalidKeyPair.Duplicate', `The keypair already exists`);
    }
    const keyPairId = `key-${ctx.id('key-pair')}`;
    const parsed = parsePublicKey(ctx, PublicKeyMaterial);
    ctx.put(keyPairs, { keyPairId, name: KeyName, ...parsed, createdAt: ctx.now });
    tagCreated(ctx, TagSpecifications, keyPairId);
    return {
      KeyPairId: keyPairId,
      KeyName,
      KeyFingerprint: parsed.fingerprint,
      Tags: tagsShown(ctx, keyPairId),
    };
  },

  DescribeKeyPairs(ctx, { KeyNames = [], KeyPairIds = [], IncludePublicKey = false, Filters }) {
    const where = filtered<KeyPair>(Filters, {
      operation: 'DescribeKeyPairs',
      values: {
        fingerprint: (pair) => pair.fingerprint,
        'key-name': (pair) => pair.name,
        'key-pair-id': (pair) => pair.keyPairId,
      },
      tags: (pair) => tagsOf(ctx, pair.keyPairId),
    });
    const chosen = [
      ...KeyNames.map((name) => keyPairNamed(ctx, name)),
      ...KeyPairIds.map((id) => keyPairWithId(ctx, id)),
    ];
    const rows = KeyNames.length + KeyPairIds.length > 0 ? chosen : ctx.list(keyPairs);
    const KeyPairs = rows.filter(where).map((pair) => ({
      KeyPairId: pair.keyPairId,
      KeyName: pair.name,
      KeyType: pair.kind,
      KeyFingerprint: pair.fingerprint,
      CreateTime: pair.createdAt,
      PublicKey: IncludePublicKey ? pair.publicKey : undefined,
      Tags: tagsShown(ctx, pair.keyPairId),
    }));
    return { KeyPairs };
  },

  DeleteKeyPair(ctx, { KeyName, KeyPairId }) {
    if (KeyName === undefined && KeyPairId === undefined) throw missing('KeyName or KeyPairId');
    const pair =
      KeyPairId === undefined ? ctx.list(keyPairs, 'name', KeyName ?? '')[0] : ctx.get(keyPairs, KeyPairId);
    if (!pair) return { Return: true }; // Deleting what is not there succeeds.
    ctx.delete(keyPairs, pair.keyPairId);
    removeTagsOf(ctx, pair.keyPairId);
    return { Return: true, KeyPairId: pair.keyPairId };
  },
};
