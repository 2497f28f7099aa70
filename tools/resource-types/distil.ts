// Writes contracts/resource-types/<namespace>.json and names.json from @aws-cdk/aws-service-spec (Apache-2.0), which carries
// the registry schemas that AWS publishes for CloudFormation. Run: node tools/resource-types/distil.ts

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec';
import type { Attribute, Property, PropertyType, SpecDatabase } from '@aws-cdk/service-spec-types';
import type { ResourceTypeJson } from '../../src/contract/resource-types.ts';

/** Namespaces of the services that stand; of all other types only the names are kept. */
const NAMESPACES: readonly string[] = [
  'AutoScaling',
  'CDK',
  'CertificateManager',
  'CloudFormation',
  'CloudWatch',
  'CodeDeploy',
  'DynamoDB',
  'EC2',
  'ECR',
  'ECS',
  'ElasticLoadBalancing',
  'ElasticLoadBalancingV2',
  'Events',
  'IAM',
  'KMS',
  'Lambda',
  'Logs',
  'Route53',
  'S3',
  'SNS',
  'SQS',
  'SSM',
  'SecretsManager',
];

/** Types that CloudFormation has and the registry does not list. */
const OUTSIDE_THE_REGISTRY: Readonly<Record<string, ResourceTypeJson>> = {
  'AWS::CDK::Metadata': { p: { Analytics: 's' } },
  'AWS::CloudFormation::CustomResource': { p: { ServiceToken: 's!', ServiceTimeout: 's' } },
};

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const target = join(root, 'contracts', 'resource-types');
const { version } = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('@aws-cdk/aws-service-spec/package.json'), 'utf8'),
) as { version: string };

class Namespace {
  readonly types: Record<string, ResourceTypeJson> = {};
  readonly structures: Record<string, string>[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #database: SpecDatabase;

  constructor(database: SpecDatabase) {
    this.#database = database;
  }

  properties(properties: Readonly<Record<string, Property>>): Record<string, string> {
    const sorted = Object.entries(properties).toSorted(([left], [right]) => (left < right ? -1 : 1));
    return Object.fromEntries(
      sorted.map(([name, { type, required, causesReplacement }]) => {
        const replaces = causesReplacement === 'yes' ? '*' : causesReplacement === 'maybe' ? '?' : '';
        return [name, `${this.type(type)}${required ? '!' : ''}${replaces}`];
      }),
    );
  }

  attributes(attributes: Readonly<Record<string, Attribute>>): Record<string, string> {
    return Object.fromEntries(Object.entries(attributes).map(([name, { type }]) => [name, this.type(type)]));
  }

  type(type: PropertyType): string {
    switch (type.type) {
      case 'string':
        return 's';
      case 'integer':
        return 'i';
      case 'number':
        return 'n';
      case 'boolean':
        return 'b';
      case 'json':
        return 'j';
      case 'date-time':
        return 'd';
      case 'tag':
        return 't';
      case 'null':
        return 'a';
      case 'array':
        return `[${this.type(type.element)}]`;
      case 'map':
        return `{${this.type(type.element)}}`;
      case 'ref':
        return `@${this.#number(type.reference.$ref)}`;
      case 'union':
        return type.types.map((one) => this.type(one)).join('|');
    }
  }

  #number(id: string): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const number = this.structures.length;
    this.#numbers.set(id, number);
    this.structures.push({});
    this.structures[number] = this.properties(this.#database.get('typeDefinition', id).properties);
    return number;
  }
}

const database = await loadAwsServiceSpec();
mkdirSync(target, { recursive: true });
const names = new Set<string>(Object.keys(OUTSIDE_THE_REGISTRY));
const namespaces = new Map(NAMESPACES.map((name) => [name, new Namespace(database)]));
const resources = [...database.all('resource')].toSorted((left, right) =>
  left.cloudFormationType < right.cloudFormationType ? -1 : 1,
);
for (const resource of resources) {
  const { cloudFormationType: name, properties, attributes, primaryIdentifier, tagInformation } = resource;
  names.add(name);
  const namespace = namespaces.get(name.split('::')[1] ?? '');
  if (!namespace) continue;
  namespace.types[name] = {
    p: namespace.properties(properties),
    ...(Object.keys(attributes).length > 0 && { a: namespace.attributes(attributes) }),
    ...(primaryIdentifier && { id: primaryIdentifier }),
    ...(tagInformation && { tags: tagInformation.tagPropertyName }),
  };
}
for (const [name, type] of Object.entries(OUTSIDE_THE_REGISTRY)) {
  const { types = {} } = namespaces.get(name.split('::')[1] ?? '') ?? {};
  types[name] = type;
}
for (const [name, { types, structures }] of namespaces) {
  const text = JSON.stringify({ source: `@aws-cdk/aws-service-spec ${version}`, types, structures });
  writeFileSync(join(target, `${name}.json`), `${text}\n`);
  console.log(`${name}: ${Object.keys(types).length} types, ${text.length} bytes`);
}
writeFileSync(join(target, 'names.json'), `${JSON.stringify([...names].toSorted(), null, 0)}\n`);
