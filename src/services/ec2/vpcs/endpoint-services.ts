// The services that VPC endpoints lead to, and the host names that an interface endpoint answers for. Pure
// but for ids.
// https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html

import { hex } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';

interface EndpointService {
  readonly kinds: readonly ('Interface' | 'Gateway')[];
  /** Host name before `.<region>.amazonaws.com`, where it is not the service's name. */
  readonly host?: string;
}

const SERVICES: Readonly<Record<string, EndpointService>> = {
  'application-autoscaling': { kinds: ['Interface'] },
  athena: { kinds: ['Interface'] },
  autoscaling: { kinds: ['Interface'] },
  cloudformation: { kinds: ['Interface'] },
  cloudtrail: { kinds: ['Interface'] },
  codebuild: { kinds: ['Interface'] },
  codedeploy: { kinds: ['Interface'] },
  'codedeploy-commands-secure': { kinds: ['Interface'] },
  dynamodb: { kinds: ['Gateway', 'Interface'] },
  ec2: { kinds: ['Interface'] },
  ec2messages: { kinds: ['Interface'] },
  'ecr.api': { kinds: ['Interface'], host: 'api.ecr' },
  'ecr.dkr': { kinds: ['Interface'], host: 'dkr.ecr' },
  ecs: { kinds: ['Interface'] },
  'ecs-agent': { kinds: ['Interface'], host: 'ecs-a' },
  'ecs-telemetry': { kinds: ['Interface'], host: 'ecs-t' },
  elasticfilesystem: { kinds: ['Interface'] },
  elasticloadbalancing: { kinds: ['Interface'] },
  events: { kinds: ['Interface'] },
  'execute-api': { kinds: ['Interface'] },
  glue: { kinds: ['Interface'] },
  'kinesis-firehose': { kinds: ['Interface'], host: 'firehose' },
  'kinesis-streams': { kinds: ['Interface'], host: 'kinesis' },
  kms: { kinds: ['Interface'] },
  lambda: { kinds: ['Interface'] },
  logs: { kinds: ['Interface'] },
  monitoring: { kinds: ['Interface'] },
  rds: { kinds: ['Interface'] },
  s3: { kinds: ['Gateway', 'Interface'] },
  secretsmanager: { kinds: ['Interface'] },
  servicediscovery: { kinds: ['Interface'] },
  sns: { kinds: ['Interface'] },
  sqs: { kinds: ['Interface'] },
  ssm: { kinds: ['Interface'] },
  ssmmessages: { kinds: ['Interface'] },
  states: { kinds: ['Interface'] },
  sts: { kinds: ['Interface'] },
  xray: { kinds: ['Interface'] },
};

/** What gateway endpoints lead to, and where it stands here: within blocks of AWS's own. */
export const GATEWAY_SERVICES: Readonly<Record<string, readonly string[]>> = {
  dynamodb: ['52.119.224.0/20'],
  s3: ['52.216.0.0/15'],
};

/** The last part of a service name such as `com.amazonaws.us-east-1.s3`. */
function shortName(region: string, serviceName: string): string | undefined {
  const prefix = `com.amazonaws.${region}.`;
  const name = serviceName.startsWith(prefix) ? serviceName.slice(prefix.length) : '';
  return Object.hasOwn(SERVICES, name) ? name : undefined;
}

export function serviceNames(region: string): string[] {
  return Object.keys(SERVICES).map((name) => `com.amazonaws.${region}.${name}`);
}

/** How a service can be reached, or nothing where AWS has no such service here. */
export function kindsOf(
  region: string,
  serviceName: string,
): readonly ('Interface' | 'Gateway')[] | undefined {
  const name = shortName(region, serviceName);
  return name === undefined ? undefined : SERVICES[name]?.kinds;
}

/** The host name that stands for a service in its region. */
export function privateDnsNameOf(region: string, serviceName: string): string {
  const name = shortName(region, serviceName) ?? '';
  return `${SERVICES[name]?.host ?? name}.${region}.amazonaws.com`;
}

/** Services whose private names cover all names below them too: APIs, and registries of accounts. */
const NAMES_BELOW = new Set(['ecr.dkr', 'execute-api']);

/** Whether a host belongs to a service. S3's buckets are hosts of their own, also without a region. */
export function serves(region: string, serviceName: string, host: string): boolean {
  const regional = privateDnsNameOf(region, serviceName);
  if (host === regional) return true;
  const name = shortName(region, serviceName) ?? '';
  if (NAMES_BELOW.has(name)) return host.endsWith(`.${regional}`);
  if (name !== 's3') return false;
  return host.endsWith(`.${regional}`) || host === 's3.amazonaws.com' || host.endsWith('.s3.amazonaws.com');
}

/** AWS's own ids, which are fixed for each region: those of us-east-1, which many templates name. */
const PREFIX_LISTS: Readonly<Record<string, string>> = {
  'com.amazonaws.us-east-1.dynamodb': 'pl-02cd2c6b',
  'com.amazonaws.us-east-1.s3': 'pl-63a5400a',
};

/** The prefix list of a gateway endpoint's service; in other regions its id is as fixed, and another than AWS's. */
export function gatewayPrefixList(ctx: Ctx, serviceName: string): string {
  const known = PREFIX_LISTS[serviceName];
  if (known !== undefined) return known;
  return `pl-${hex(ctx.kernel.primitives.sha256(`prefix-list ${serviceName}`)).slice(0, 8)}`;
}
