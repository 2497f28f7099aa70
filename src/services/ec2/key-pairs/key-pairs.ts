// Key pairs: imported, or made here. What is made comes from the world's seed: real keys, and no secrets.

import { hex, table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { base64, fromBase64 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { integerOf, makeRsaKey } from '#cloud/rsa.ts';
import type { RandomBytes } from '#cloud/rsa.ts';
import { filtered } from '../filters.ts';
import { missing, unmodelled } from '../requests.ts';
import { removeTagsOf, someTagsShown, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { ed25519Pem, integerBytes, pkcs8, publicKeyInfo, rsaPem, sshBlob, sshFields } from './key-formats.ts';

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
  return { kind, fingerprint: colons(md5(rsaInfo(blob))), publicKey: text };
}

/** SSH's fields of an RSA key as the SubjectPublicKeyInfo whose digest AWS shows. */
function rsaInfo(blob: Uint8Array): Uint8Array {
  const [, exponent, modulus] = sshFields(blob);
  if (!exponent || !modulus)
    throw new Fault('InvalidKey.Format', 'Key is not in valid OpenSSH public key format');
  return publicKeyInfo(modulus, exponent);
}

const colons = (digest: Uint8Array): string => hex(digest).replaceAll(/..(?!$)/g, '$&:');

/** What a new key is made of: the world's seed, and the key pair's id. */
function randomFor(ctx: Ctx, keyPairId: string): RandomBytes {
  return (label, length) => {
    const draw = ctx.random('ec2/key-material', `${keyPairId} ${label}`);
    return Uint8Array.from({ length }, (_, at) => Math.floor(draw(at) * 256));
  };
}

type Made = Pick<KeyPair, 'kind' | 'fingerprint' | 'publicKey'> & { readonly material: string };

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html says whose digests the fingerprints are. */
function makeKey(ctx: Ctx, keyPairId: string, name: string, kind: KeyPair['kind']): Made {
  const { sha1, sha256, publicKeys } = ctx.kernel.primitives;
  const random = randomFor(ctx, keyPairId);
  if (kind === 'ed25519') {
    const seed = random('seed', 32);
    const key = publicKeys.ed25519(seed);
    const blob = sshBlob('ssh-ed25519', key);
    const publicKey = `ssh-ed25519 ${base64(blob)} ${name}`;
    return { kind, fingerprint: base64(sha256(blob)), publicKey, material: ed25519Pem(seed, key) };
  }
  const key = makeRsaKey(random);
  const publicKey = `ssh-rsa ${base64(sshBlob('ssh-rsa', integerBytes(key.e), integerBytes(key.n)))} ${name}`;
  return { kind, fingerprint: colons(sha1(pkcs8(key))), publicKey, material: rsaPem(key) };
}

function checkFree(ctx: Ctx, name: string): void {
  if (ctx.list(keyPairs, 'name', name).length > 0)
    throw new Fault('InvalidKeyPair.Duplicate', 'The keypair already exists');
}

/** The RSA key to which a password is encrypted; nothing for keys of other kinds. */
export function rsaKeyOf(ctx: Ctx, name: string): { n: bigint; e: bigint } | undefined {
  const pair = ctx.list(keyPairs, 'name', name)[0];
  const blob = pair?.kind === 'rsa' ? fromBase64(pair.publicKey.split(/\s+/)[1] ?? '') : undefined;
  const [, exponent, modulus] = blob ? sshFields(blob) : [];
  return exponent && modulus ? { e: integerOf(exponent), n: integerOf(modulus) } : undefined;
}

export const keyPairOperations: Operations<'ec2'> = {
  CreateKeyPair(ctx, { KeyName, KeyType = 'rsa', KeyFormat = 'pem', TagSpecifications }) {
    if (KeyFormat !== 'pem') throw unmodelled(`The key format ${KeyFormat}`);
    checkFree(ctx, KeyName);
    const keyPairId = `key-${ctx.id('key-pair')}`;
    const { material, ...made } = makeKey(ctx, keyPairId, KeyName, KeyType);
    ctx.put(keyPairs, { keyPairId, name: KeyName, ...made, createdAt: ctx.now });
    tagCreated(ctx, TagSpecifications, keyPairId);
    return {
      KeyPairId: keyPairId,
      KeyName,
      KeyFingerprint: made.fingerprint,
      KeyMaterial: material,
      ...someTagsShown(ctx, keyPairId),
    };
  },

  ImportKeyPair(ctx, { KeyName, PublicKeyMaterial, TagSpecifications }) {
    checkFree(ctx, KeyName);
    const keyPairId = `key-${ctx.id('key-pair')}`;
    const parsed = parsePublicKey(ctx, PublicKeyMaterial);
    ctx.put(keyPairs, { keyPairId, name: KeyName, ...parsed, createdAt: ctx.now });
    tagCreated(ctx, TagSpecifications, keyPairId);
    return {
      KeyPairId: keyPairId,
      KeyName,
      KeyFingerprint: parsed.fingerprint,
      ...someTagsShown(ctx, keyPairId),
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
