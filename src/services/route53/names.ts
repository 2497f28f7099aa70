// Domain names as Route 53 keeps them: in lower case, with a dot at the end, and characters other than letters, digits,
// hyphens and underscores as octal escapes.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html

const LONGEST_NAME = 255;
const LONGEST_LABEL = 63;
const PLAIN = /[a-z0-9_-]/;

/** Why something is no domain name, in AWS's words. */
export interface BadName {
  readonly problem: string;
}

function bad(code: string, words: string, name: string): BadName {
  return { problem: `FATAL problem: ${code} (${words}) encountered with '${name}'` };
}

/** The name as it is kept, or what is wrong with it. */
export function normalName(given: string): string | BadName {
  const text = given.endsWith('.') ? given.slice(0, -1) : given;
  if (text === '') return bad('DomainNameEmpty', 'Domain name is empty', given);
  if (text.length > LONGEST_NAME) return bad('DomainNameTooLong', 'Domain name is too long', given);
  const labels: string[] = [];
  for (const label of text.split('.')) {
    const escaped = escapedLabel(label.toLowerCase());
    if (label === '') return bad('DomainLabelEmpty', 'Domain label is empty', given);
    if (label.length > LONGEST_LABEL) return bad('DomainLabelTooLong', 'Domain label is too long', given);
    if (typeof escaped !== 'string')
      return bad('UnsupportedCharacter', 'Value contains unsupported characters', escaped.unsupported);
    labels.push(escaped);
  }
  return `${labels.join('.')}.`;
}

/** Escapes what is not plain, or tells the first character that no name may have. */
function escapedLabel(label: string): string | { readonly unsupported: string } {
  let escaped = '';
  for (let i = 0; i < label.length; i += 1) {
    const character = label[i] as string;
    const octal = /^\\([0-3][0-7]{2})/.exec(label.slice(i, i + 4))?.[1];
    if (octal !== undefined) {
      const meant = String.fromCharCode(Number.parseInt(octal, 8)).toLowerCase();
      escaped += PLAIN.test(meant) ? meant : `\\${octal}`;
      i += 3;
      continue;
    }
    const code = character.charCodeAt(0);
    if (code < 33 || code > 126) return { unsupported: character };
    escaped += PLAIN.test(character) ? character : `\\${code.toString(8).padStart(3, '0')}`;
  }
  return escaped;
}

/** The labels from the top down, so that the names of a domain stand together: the order of Route 53's lists. */
export function reversedName(name: string): string {
  const labels = name.slice(0, -1).split('.');
  return `${labels.toReversed().join('.')}.`;
}

export function isWithin(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

/** A name and those above it: `a.b.`, `b.`. */
export function* upwards(name: string): Generator<string> {
  let rest = name;
  while (rest !== '') {
    yield rest;
    rest = rest.slice(rest.indexOf('.') + 1);
  }
}

/** An asterisk as Route 53 spells it. */
export const ASTERISK = '\\052';

/** Names of load balancers that answer for IPv4 and IPv6 lead to the load balancer itself. */
export function loadBalancerHost(name: string): string {
  return name.replace(/\.$/, '').replace(/^dualstack\./i, '');
}
