import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { packBundle, readBundle } from './bundle.ts';
import type { BundleFile } from './bundle.ts';
import { readTgz } from './tar.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (file: BundleFile | undefined): string => new TextDecoder().decode(file?.bytes);
const paths = (files: readonly BundleFile[]): string[] => files.map(({ path }) => path);

function header(name: string, size: number, kind: string = '0', link: string = ''): Uint8Array {
  const block = new Uint8Array(512);
  const put = (at: number, value: string): void => block.set(bytes(value), at);
  put(0, name);
  put(100, '0000755\0');
  put(124, `${size.toString(8).padStart(11, '0')}\0`);
  put(148, '        ');
  put(156, kind);
  put(157, link);
  put(257, 'ustar\0');
  put(
    148,
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
  );
  return block;
}

function tar(...blocks: Uint8Array[]): Uint8Array {
  const parts = [...blocks, new Uint8Array(1024)];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + Math.ceil(part.length / 512) * 512, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += Math.ceil(part.length / 512) * 512;
  }
  return whole;
}

/** A bundle on disk, packed by the system's own tar. */
function packed(flags: string, name: string): Uint8Array {
  const root = mkdtempSync(join(tmpdir(), 'bundle-'));
  const long = `app/${'deep/'.repeat(30)}`;
  mkdirSync(join(root, 'b', long), { recursive: true });
  writeFileSync(join(root, 'b/appspec.yml'), 'version: 0.0');
  writeFileSync(join(root, 'b/start.sh'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(root, 'b', long, 'leaf.txt'), 'leaf');
  symlinkSync('start.sh', join(root, 'b/link.sh'));
  execFileSync('tar', [flags, join(root, name), '-C', join(root, 'b'), '.']);
  return readFileSync(join(root, name));
}

describe('a bundle', () => {
  it('comes out of a zip as it went in, with modes', () => {
    const files = readBundle(
      packBundle({ 'appspec.yml': 'version: 0.0', 'scripts/start.sh': '#!/bin/sh\n', 'a/b.bin': bytes('x') }),
      'zip',
    );
    expect(files.map(({ path, mode }) => [path, mode])).toEqual([
      ['a/b.bin', 0o644],
      ['appspec.yml', 0o644],
      ['scripts/start.sh', 0o755],
    ]);
    expect(text(files[1])).toBe('version: 0.0');
  });

  it('is packed to the same bytes whatever the order of its files', () => {
    expect(packBundle({ a: '1', b: '2' })).toEqual(packBundle({ b: '2', a: '1' }));
  });

  it.each([
    ['tar', '-cf'],
    ['tgz', '-czf'],
  ] as const)('comes out of a %s with long paths and links', (type, flags) => {
    const files = readBundle(packed(flags, `bundle.${type}`), type);
    expect(paths(files)).toEqual(
      ['appspec.yml', 'link.sh', 'start.sh', `app/${'deep/'.repeat(30)}leaf.txt`].sort(),
    );
    expect(files.find(({ path }) => path === 'link.sh')?.link).toBe('start.sh');
    expect(files.find(({ path }) => path === 'start.sh')?.mode).toBe(0o755);
  });

  it('loses its only top-level directory if an AppSpec file stands in it', () => {
    expect(paths(readBundle(packBundle({ 'web-1/appspec.yml': '', 'web-1/x': '' }), 'zip'))).toEqual([
      'appspec.yml',
      'x',
    ]);
    expect(paths(readBundle(packBundle({ 'web-1/x': '' }), 'zip'))).toEqual(['web-1/x']);
  });

  it.each(['../evil', '/etc/passwd', 'a/../../evil', 'C:\\evil', 'a\\b'])(
    'is refused with the path %s',
    (path) => {
      expect(() => readBundle(zipSync({ [path]: bytes('x') }), 'zip')).toThrow(/bundle's entry/);
      expect(() => readBundle(tar(header(path, 0)), 'tar')).toThrow(/bundle's entry/);
    },
  );

  it('is refused where a link leads out of it, or a file stands in the way of a directory', () => {
    expect(() => readBundle(tar(header('a/l', 0, '2', '../../x')), 'tar')).toThrow('leads out of the bundle');
    expect(() => readBundle(tar(header('a', 0, '2', '/etc')), 'tar')).toThrow('absolute');
    expect(() => readBundle(tar(header('a', 0, '2', 'b'), header('a/x', 0)), 'tar')).toThrow(
      'both as a file and as a directory',
    );
  });

  it('is refused where it unpacks to more than it says or than there may be', () => {
    const zip = zipSync({ a: new Uint8Array(100_000) }, { mtime: '1980-01-01T00:00:00' });
    const lying = zip.slice();
    const entry = lying.length - 22 - 46 - 1;
    new DataView(lying.buffer).setUint32(entry + 24, 10, true);
    expect(() => readBundle(lying, 'zip')).toThrow('Error extracting zip archive: 3');
    expect(() => readTgz(gzipSync(new Uint8Array(2_000_000)), 1_000_000)).toThrow(/unpacks to more than/);
  });

  it('is refused with the messages of the agent where it is damaged', () => {
    expect(() => readBundle(bytes('no zip'), 'zip')).toThrow(
      'Zip end of central directory signature not found',
    );
    expect(() => readBundle(bytes('no tar'), 'tar')).toThrow('Error extracting tar archive: 2');
    expect(() => readBundle(bytes('no tgz'), 'tgz')).toThrow('Error extracting tar archive: 2');
    const zip = packBundle({ a: 'content' });
    zip[32] = 0xff;
    expect(() => readBundle(zip, 'zip')).toThrow('Error extracting zip archive: 3');
  });
});
