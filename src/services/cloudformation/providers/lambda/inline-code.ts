// Code that stands in the template: CloudFormation packs it as `index` into a zip.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html

import { utf8 } from '#contract/protocols/bytes.ts';
import { zipArchive } from '#cloud/archives/zip.ts';

/** A plain file that everybody may read. */
const MODE = 0o100644;

/** The package of inline code; nothing for runtimes without it. Whoever runs it adds the module that answers CloudFormation. */
export function inlinePackage(runtime: string, source: string): Uint8Array | undefined {
  const ending = runtime.startsWith('nodejs') ? 'js' : runtime.startsWith('python') ? 'py' : undefined;
  if (ending === undefined) return undefined;
  return zipArchive([{ path: `index.${ending}`, mode: MODE, bytes: utf8(source) }], 'stored');
}
