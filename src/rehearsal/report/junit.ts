// JUnit XML: a suite for each variant, a case for each expectation, for the CI systems that read it.

import type { RunResult } from '../result.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

export function escapeXml(text: string): string {
  // Control characters have no place in XML 1.0, not even escaped.
  return text
    .replaceAll(/[^\t\n\r\u0020-\uffff]/g, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

export function junitReport(results: readonly RunResult[]): string {
  const suites = results.map((result) => {
    const { title, variant, expectations, wallMs } = result;
    const name = escapeXml(variant ? `${title}: ${variant}` : title);
    const failures = expectations.filter((one) => !one.passed).length;
    const cases = expectations.map(({ expectation, passed, found }) => {
      const head = `    <testcase classname="${name}" name="${escapeXml(expectation)}"`;
      return passed
        ? `${head}/>`
        : `${head}>\n      <failure message="found: ${escapeXml(found)}"/>\n    </testcase>`;
    });
    const head = `  <testsuite name="${name}" tests="${expectations.length}" failures="${failures}" time="${wallMs / 1000}">`;
    return [head, ...cases, '  </testsuite>'].join('\n');
  });
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...suites, '</testsuites>', ''].join(
    '\n',
  );
}
