// User data as cloud-init takes it: shell scripts, cloud-config and several of these in one MIME message; and the scripts of
// Windows' EC2Launch. Everything becomes one shell script; what is none of this does not run.
// https://cloudinit.readthedocs.io/en/latest/explanation/format.html

import { fromBase64 } from '#contract/protocols/bytes.ts';
import { parseDocument } from 'yaml';

const SHELL = /^#!\s*(?:\S*\/)?(?:env\s+)?(?:ba|da|z|k)?sh\b[^\n]*/;

export interface StartScript {
  readonly text: string;
  /** `set -e` by its first line. */
  readonly errexit: boolean;
}

/** The script in user data that is not in base64 any more. */
export function startScript(userData: string): StartScript {
  const text = userData.replaceAll('\r\n', '\n');
  if (/^(?:content-type|mime-version):/im.test(text.slice(0, 200)))
    return joined(parts(text).map(startScript));
  if (text.startsWith('#cloud-config')) return { text: cloudConfig(text), errexit: false };
  if (/<(?:script|powershell)>/i.test(text)) return { text: windows(text), errexit: false };
  const head = SHELL.exec(text)?.[0];
  if (head === undefined) return { text: '', errexit: false };
  return { text: text.slice(head.length), errexit: /\s-[a-z]*e/.test(head) };
}

/** Each part is a script of its own. */
function joined(scripts: readonly StartScript[]): StartScript {
  const texts = scripts.map(({ text, errexit }) => `(\n${errexit ? 'set -e\n' : ''}${text}\n)`);
  return { text: texts.join('\n'), errexit: false };
}

function parts(message: string): string[] {
  const boundary = /boundary="?([^"\n;]+)"?/i.exec(message)?.[1];
  if (boundary === undefined) return [bodyOf(message)];
  return message.split(`--${boundary}`).slice(1).map(bodyOf);
}

function bodyOf(part: string): string {
  const [, head = '', body = ''] = /^\n?((?:[^\n]+\n)*)\n([\s\S]*)$/.exec(part) ?? [];
  if (!/content-transfer-encoding:\s*base64/i.test(head)) return body;
  const bytes = fromBase64(body.replaceAll(/\s+/g, ''));
  return bytes ? new TextDecoder().decode(bytes) : '';
}

interface CloudConfig {
  readonly bootcmd?: unknown;
  readonly package_update?: unknown;
  readonly package_upgrade?: unknown;
  readonly packages?: unknown;
  readonly write_files?: unknown;
  readonly runcmd?: unknown;
}

function cloudConfig(text: string): string {
  const document = parseDocument(text);
  const config = (document.errors.length > 0 ? {} : (document.toJS() as unknown)) as CloudConfig | null;
  const packages = listOf(config?.packages).map((one) => String(Array.isArray(one) ? one[0] : one));
  return [
    ...listOf(config?.bootcmd).map(commandText),
    ...listOf(config?.write_files).flatMap(fileText),
    ...(config?.package_upgrade === true ? ['yum update -y'] : []),
    ...(packages.length === 0 ? [] : [`yum install -y ${packages.map(quoted).join(' ')}`]),
    ...listOf(config?.runcmd).map(commandText),
  ].join('\n');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function commandText(command: unknown): string {
  return Array.isArray(command) ? command.map((word) => quoted(String(word))).join(' ') : String(command);
}

function fileText(file: unknown): string[] {
  const { path, content } = (file ?? {}) as { path?: unknown; content?: unknown };
  if (typeof path !== 'string' || typeof content !== 'string') return [];
  return [`echo -n ${quoted(content)} > ${quoted(path)}`];
}

/** A text as one word of a shell script. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Of Windows' scripts only the helper scripts are read; the status is that of the one before. */
function windows(text: string): string {
  const lines = text.split('\n').filter((line) => /cfn-(?:init|signal|hup)(?:\.exe)?\b/i.test(line));
  return lines
    .map((line) => line.replaceAll(/%errorlevel%|\$lastexitcode/gi, '$?'))
    .map((line) =>
      line.replace(/^.*?["']?(?:[A-Za-z]:\\\S*\\)?(cfn-(?:init|signal|hup))(?:\.exe)?["']?/i, '$1'),
    )
    .join('\n');
}
