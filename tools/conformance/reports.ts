// Reads what suites say of their tests: JUnit XML as pytest, Vitest and bats write it.

import { parseXml } from '#contract/protocols/xml.ts';
import type { XmlElement } from '#contract/protocols/xml.ts';
import type { Case, Ending } from './suite.ts';

/** Control characters that XML forbids and that test runners print all the same. */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

export function junitCases(xml: string): Case[] {
  return [...casesIn(parseXml(xml.replaceAll(FORBIDDEN, '')))];
}

function* casesIn(element: XmlElement): Generator<Case> {
  for (const child of element.children) {
    if (child.name === 'testcase') yield caseOf(child);
    else yield* casesIn(child);
  }
}

function caseOf(element: XmlElement): Case {
  const { attributes, children } = element;
  const file = (attributes.get('classname') ?? '').split('.').slice(-2).join('.');
  const name = `${file}::${attributes.get('name') ?? ''}`;
  const told = children.filter((child) => ['failure', 'error', 'skipped'].includes(child.name));
  const worst = told.find((child) => child.name !== 'skipped') ?? told[0];
  const ending: Ending = !worst ? 'passed' : worst.name === 'skipped' ? 'skipped' : 'failed';
  const why = told.map((child) => `${child.attributes.get('message') ?? ''}\n${child.text}`).join('\n');
  const putRight = properties(element).includes('put right');
  return { name, ending, why: why.split('\n').map(shortened).join('\n'), putRight };
}

/** Names of what a plug-in of ours told the report of a test. */
function properties({ children }: XmlElement): string[] {
  const told = children.filter((child) => child.name === 'properties').flatMap((child) => child.children);
  return told.map((child) => child.attributes.get('name') ?? '');
}

/** Characters that are kept of a line at its beginning and at its end: differences of whole archives are megabytes long. */
const KEPT = 2000;

function shortened(line: string): string {
  return line.length <= 2 * KEPT ? line : `${line.slice(0, KEPT)} … ${line.slice(-KEPT)}`;
}
