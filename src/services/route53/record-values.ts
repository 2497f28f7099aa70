// Values of records by type, as zone files spell them. What is wrong is said in AWS's words where AWS shows them.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html

import { normalName } from './names.ts';

/** Types that can be created here; DNSSEC's and the newer ones are refused by name. */
export const MODELLED_TYPES: ReadonlySet<string> = new Set([
  'A',
  'AAAA',
  'CAA',
  'CNAME',
  'MX',
  'NS',
  'PTR',
  'SOA',
  'SPF',
  'SRV',
  'TXT',
]);

const LONGEST_STRING = 255;

/** What is wrong with a value, if anything is. */
export function valueProblem(type: string, value: string): string | undefined {
  const problem = problemOf(type, value);
  return problem === undefined ? undefined : `Invalid Resource Record: '${problem}'`;
}

function problemOf(type: string, value: string): string | undefined {
  switch (type) {
    case 'A':
      return isIpv4(value)
        ? undefined
        : fatal('ARRDATAIllegalIPv4Address', 'Value is not a valid IPv4 address', value);
    case 'AAAA':
      return isIpv6(value)
        ? undefined
        : fatal('AAAARRDATAIllegalIPv6Address', 'Value is not a valid IPv6 address', value);
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return nameProblem(value);
    case 'TXT':
    case 'SPF':
      return stringsProblem(value);
    case 'CAA':
      return /^\d{1,3} [A-Za-z0-9]+ ".*"$/.test(value) && Number(value.split(' ')[0]) <= 255
        ? undefined
        : fatal('CAARRDATAInvalid', 'Value is not a flag, a tag and a quoted value', value);
    default:
      return fieldsProblem(type, value);
  }
}

/** Numbers and names in turn. */
const FIELDS: Readonly<Record<string, string>> = { MX: 'nd', SRV: 'nnnd', SOA: 'ddNNNNN' };

function fieldsProblem(type: string, value: string): string | undefined {
  const fields = value.trim().split(/\s+/);
  const wanted = FIELDS[type] ?? '';
  if (fields.length !== wanted.length)
    return fatal(`${type}RRDATAWrongNumberOfFields`, `Value must have ${wanted.length} fields`, value);
  for (const [i, field] of fields.entries()) {
    const kind = wanted[i];
    const problem =
      kind === 'd' ? nameProblem(field) : numberProblem(field, kind === 'n' ? 65_535 : 2 ** 32 - 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function numberProblem(field: string, most: number): string | undefined {
  if (/^\d{1,10}$/.test(field) && Number(field) <= most) return undefined;
  return fatal('NumberOutOfRange', `Value must be a number from 0 to ${most}`, field);
}

function nameProblem(value: string): string | undefined {
  const name = normalName(value);
  return typeof name === 'string' ? undefined : name.problem;
}

function stringsProblem(value: string): string | undefined {
  const strings = characterStrings(value);
  if (!strings) return fatal('InvalidCharacterString', 'Value should be enclosed in quotation marks', value);
  const tooLong = strings.some((text) => text.length > LONGEST_STRING);
  return tooLong ? fatal('CharacterStringTooLong', 'Value is too long', value) : undefined;
}

/** The strings of a TXT value: `"one" "two"`. Nothing where that is not what it is. */
function characterStrings(value: string): string[] | undefined {
  if (!/^\s*"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*\s*$/.test(value)) return undefined;
  const found = value.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
  return found.map((quoted) =>
    quoted
      .slice(1, -1)
      .replace(/\\([0-3][0-7]{2}|.)/g, (_, meant: string) =>
        meant.length === 3 ? String.fromCharCode(Number.parseInt(meant, 8)) : meant,
      ),
  );
}

function fatal(code: string, words: string, value: string): string {
  return `FATAL problem: ${code} (${words}) encountered with '${value}'`;
}

function isIpv4(value: string): boolean {
  const parts = value.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6(value: string): boolean {
  if (!/^[0-9A-Fa-f:.]{2,45}$/.test(value) || (value.match(/::/g) ?? []).length > 1) return false;
  const embedded = /(?:^|:)(\d+\.\d+\.\d+\.\d+)$/.exec(value)?.[1];
  if (value.includes('.') && (embedded === undefined || !isIpv4(embedded))) return false;
  const whole = embedded === undefined ? value : `${value.slice(0, -embedded.length)}0:0`;
  const sides = whole.split('::');
  const groups = sides.flatMap((side) => (side === '' ? [] : side.split(':')));
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  return sides.length === 2 ? groups.length < 8 : groups.length === 8;
}
