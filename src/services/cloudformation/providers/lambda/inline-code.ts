// Code that stands in the template: CloudFormation packs it as `index` into a zip.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html

import { utf8 } from '#contract/protocols/bytes.ts';
import { CFN_RESPONSE_NODE, CFN_RESPONSE_PYTHON } from './cfn-response.ts';

/** The manifest of a modelled function, in comment lines of their own. */
const MANIFEST = 'sandtable.yml';

/** The package of inline code; nothing for runtimes without it. */
export function inlinePackage(runtime: string, source: string): Uint8Array | undefined {
  const node = runtime.startsWith('nodejs');
  if (!node && !runtime.startsWith('python')) return undefined;
  const files: Record<string, string> = { [node ? 'index.js' : 'index.py']: source };
  // The module is there for inline code only, and only for code that asks for it.
  if (node && source.includes('cfn-response')) files['cfn-response.js'] = CFN_RESPONSE_NODE;
  if (!node && source.includes('cfnresponse')) files['cfnresponse.py'] = CFN_RESPONSE_PYTHON;
  const manifest = manifestIn(source, node ? '//' : '#');
  if (manifest !== undefined) files[MANIFEST] = manifest;
  return storedZip(files);
}

/** What stands in comments from a line `// sandtable.yml` on; the code itself need not run then. */
function manifestIn(source: string, mark: string): string | undefined {
  const lines = source.split('\n').map((line) => line.trimEnd());
  const begin = lines.indexOf(`${mark} ${MANIFEST}`);
  if (begin < 0) return undefined;
  const said: string[] = [];
  for (const line of lines.slice(begin + 1)) {
    if (!line.startsWith(mark)) break;
    said.push(line.slice(mark.length).replace(/^ /, ''));
  }
  return `${said.join('\n')}\n`;
}

const LOCAL_ENTRY = 0x04034b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
/** 1980-01-01, the format's first day: equal code gives equal bytes. */
const WRITTEN_ON = 0x0021;
/** A plain file that everybody may read, as Unix has it. */
const MODE = 0o100644;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] as number);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Numbers of 2 or 4 bytes, little end first. */
function packed(...fields: readonly (readonly [bytes: 2 | 4, value: number])[]): number[] {
  return fields.flatMap(([bytes, value]) =>
    Array.from({ length: bytes }, (_, at) => Math.floor(value / 2 ** (8 * at)) & 0xff),
  );
}

/** A zip whose files are not compressed. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
function storedZip(files: Readonly<Record<string, string>>): Uint8Array {
  const parts: (Uint8Array | number[])[] = [];
  const directory: (Uint8Array | number[])[] = [];
  let at = 0;
  const names = Object.keys(files).toSorted();
  for (const path of names) {
    const [name, content] = [utf8(path), utf8(files[path] as string)];
    const size = content.length;
    const common = packed(
      [2, 20],
      [2, 0],
      [2, 0],
      [2, 0],
      [2, WRITTEN_ON],
      [4, crc32(content)],
      [4, size],
      [4, size],
      [2, name.length],
      [2, 0],
    );
    const local = [...packed([4, LOCAL_ENTRY]), ...common];
    parts.push(local, name, content);
    const attributes = packed([2, 0], [2, 0], [2, 0], [4, MODE * 65_536], [4, at]);
    directory.push([...packed([4, DIRECTORY_ENTRY], [2, (3 << 8) | 20]), ...common, ...attributes], name);
    at += local.length + name.length + size;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const count = names.length;
  const end = packed(
    [4, END_OF_DIRECTORY],
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, length],
    [4, at],
    [2, 0],
  );
  const all = [...parts, ...directory, end];
  const bytes = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of all) {
    bytes.set(part, place);
    place += part.length;
  }
  return bytes;
}
