// The Go part of Floci's compatibility tests, with the AWS SDK for Go v2 and testify as Debian packages them (golang-go,
// gotestsum, golang-github-aws-aws-sdk-go-v2-dev, golang-github-stretchr-testify-dev): the registry of Go's modules was never in
// reach. That SDK is older than the one the tests are written for: their clients get the endpoint in the way that it knows, and
// only the clients that a part uses are built.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ground, Run } from './suite.ts';

const PACKAGED = '/usr/share/gocode';
const PACKAGE = 'src/floci-sdk-test-go';
const NEW_WAY = 'config.WithBaseEndpoint(Endpoint())';
const OLD_WAY = `config.WithEndpointResolverWithOptions(aws.EndpointResolverWithOptionsFunc(
	func(_, region string, _ ...interface{}) (aws.Endpoint, error) {
		return aws.Endpoint{URL: Endpoint(), HostnameImmutable: true, SigningRegion: region}, nil
	}))`;

export function goRun({ checkout, url, reports }: Ground, service: string, parts: readonly string[]): Run {
  const from = join(checkout, 'compatibility-tests', 'sdk-test-go');
  const into = join(reports, PACKAGE);
  const [tests, fixtures] = [join(into, 'tests'), join(into, 'internal', 'testutil')];
  mkdirSync(tests, { recursive: true });
  mkdirSync(fixtures, { recursive: true });
  const sources = parts.map((part) => readFileSync(join(from, 'tests', `${part}_test.go`), 'utf8'));
  for (const [index, part] of parts.entries())
    writeFileSync(join(tests, `${part}_test.go`), sources[index] as string);
  const clients = readFileSync(join(from, 'internal', 'testutil', 'fixtures.go'), 'utf8');
  writeFileSync(join(fixtures, 'fixtures.go'), ofUse(clients, sources.join('\n')));
  const report = join(reports, `${service}.xml`);
  return {
    command: ['gotestsum', '--junitfile', report, '--', '-timeout', '10m', '.'],
    cwd: tests,
    env: {
      FLOCI_ENDPOINT: url,
      GO111MODULE: 'off',
      GOPATH: `${reports}:${PACKAGED}`,
      GOCACHE: join(tmpdir(), 'sandtable-go-cache'),
    },
    report,
  };
}

/** The clients that tests use, without the imports of all others. */
function ofUse(clients: string, tests: string): string {
  const kept = clients.replaceAll(
    /\n\/\/ (\w+Client) returns[^\n]*\nfunc \w+\(\)[^\n]*\n[^}]*?\n(?:\t\}\)\n)?\}\n/g,
    (whole, name: string) => (tests.includes(`testutil.${name}(`) ? whole : ''),
  );
  return kept
    .replace(NEW_WAY, OLD_WAY)
    .replaceAll(/\t"github\.com\/aws\/aws-sdk-go-v2\/service\/(\w+)"\n/g, (line, service: string) =>
      kept.includes(`*${service}.Client`) ? line : '',
    );
}
