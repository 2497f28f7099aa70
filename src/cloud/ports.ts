// What parts of the cloud tell and ask each other behind AWS's public APIs: facts that AWS knows internally. Services
// implement identity, network, routing and metrics; workloads implement machines; traffic implements settling.

import { event } from '#world/index.ts';
import type { EventKind } from '#world/index.ts';
import type { ThroughRole } from './caller.ts';
import type { Ctx } from './ctx.ts';
import type { Policy } from './iam/policy.ts';
import { port } from './port.ts';
import type { Port } from './port.ts';
import type { Principal, RolePrincipal } from './principal.ts';

// ---- Identity: implemented by IAM and STS ----

/** What signs for a principal. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly principal: Principal;
  /** Present for temporary credentials. */
  readonly sessionToken?: string;
  /** Virtual instant, epoch ms. */
  readonly expiresAt?: number;
  readonly active: boolean;
}

/** The policies that decide for a principal. */
export interface PrincipalPolicies {
  readonly identity: readonly Policy[];
  readonly boundary?: Policy;
  readonly session?: readonly Policy[];
}

export interface Identity {
  accessKey(ctx: Ctx, accessKeyId: string): AccessKey | undefined;
  policies(ctx: Ctx, principal: Principal): PrincipalPolicies;
  /** A session of a role for a service that the role trusts. Throws `Fault` (AccessDenied) where it does not. */
  assumeFor(ctx: Ctx, through: ThroughRole): RolePrincipal;
  /** Credentials for a session of the role in an instance profile, as the metadata service hands them out. */
  profileCredentials(ctx: Ctx, instanceProfileArn: string, instanceId: string): AccessKey | undefined;
  /** The role's ARN in an instance profile. */
  profileRole(ctx: Ctx, instanceProfileArn: string): string | undefined;
  /** Makes a service-linked role if the account lacks it, and returns its ARN. */
  serviceLinkedRole(ctx: Ctx, service: string): string;
}
export const identity: Port<Identity> = port<Identity>('identity');

/** What STS needs to know of a role that is to be assumed. */
export interface AssumableRole {
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  readonly account: string;
  /** Who may assume it. */
  readonly trust: Policy;
  readonly maxSessionSeconds: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** What IAM keeps for STS. */
export interface Sessions {
  role(ctx: Ctx, roleArn: string): AssumableRole | undefined;
  /** The default version's text of a managed policy. */
  managedPolicy(ctx: Ctx, policyArn: string): string | undefined;
  /** Temporary credentials of a principal until `expiresAt` (epoch ms). */
  open(ctx: Ctx, principal: Principal, expiresAt: number): AccessKey & { readonly sessionToken: string };
  /** The account to which a key belongs, whether or not it is still there. */
  accountOf(accessKeyId: string): string | undefined;
}
export const sessions: Port<Sessions> = port<Sessions>('sessions');

// ---- Instances and network: implemented by EC2 ----

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

/** What the rest of the cloud may know of an instance. */
export interface InstanceFacts {
  readonly instanceId: string;
  readonly state: InstanceState;
  readonly imageId: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly privateIp: string;
  readonly privateDnsName: string;
  readonly securityGroupIds: readonly string[];
  readonly instanceProfileArn?: string;
  readonly userData?: string;
  /** Linux where nothing is said. */
  readonly platform?: 'windows';
  readonly launchedAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** Whether packets get from here to there; if not, what is in the way, by resource id. */
export type Reachability = { readonly ok: true } | { readonly ok: false; readonly blockedBy: string };

export interface Instances {
  facts(ctx: Ctx, instanceId: string): InstanceFacts | undefined;
  /** Instances that carry all of these tags. */
  tagged(ctx: Ctx, tags: readonly { key: string; values: readonly string[] }[]): InstanceFacts[];
  /** Milliseconds that instances of this account and region have run so far, all added up: what capacity costs. */
  instanceMs(ctx: Ctx): number;
  /** From an instance to an AWS endpoint such as `codedeploy-commands.us-east-1.amazonaws.com`, over TCP 443. */
  reachEndpoint(ctx: Ctx, instanceId: string, host: string): Reachability;
  /** From a load balancer's or other security groups in the VPC to a port of an instance. */
  reachInstance(
    ctx: Ctx,
    from: { securityGroupIds: readonly string[]; subnetIds: readonly string[] },
    instanceId: string,
    port: number,
  ): Reachability;
}
export const instances: Port<Instances> = port<Instances>('instances');

/** An instance has entered a state. */
export const instanceChanged: EventKind<{ instanceId: string; state: InstanceState }> =
  event('ec2/instance-changed');

/** Routes, security groups, network ACLs, gateways or endpoints of a VPC changed: packets may go otherwise than before. */
export const networkChanged: EventKind<{ vpcId: string }> = event('ec2/network-changed');

// ---- Machines: implemented by a workload driver ----

/** What a health check or a probe found. `steady`: it will find the same until `machineChanged` tells otherwise. */
export type ProbeResult =
  | { readonly kind: 'status'; readonly status: number; readonly latencyMs: number; readonly steady: boolean }
  | { readonly kind: 'refused' | 'timeout'; readonly steady: boolean };

export interface Probe {
  readonly instanceId: string;
  readonly port: number;
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP';
  readonly path: string;
  readonly timeoutMs: number;
  /** Handed back through `probes.answered` where the answer cannot be given at once. */
  readonly reference: { readonly targetGroupArn: string; readonly targetId: string; readonly port: number };
}

export interface Machines {
  /** The instance's hardware has started: boot the image, run user data on a first boot, then its agents. */
  power(ctx: Ctx, instanceId: string, firstBoot: boolean): void;
  /** The instance shuts down: applications get their stop signal, then everything ends. Returns how long that takes (ms). */
  shutDown(ctx: Ctx, instanceId: string): number;
  /** The instance is gone, with its disks if `terminated`. */
  off(ctx: Ctx, instanceId: string, terminated: boolean): void;
  /** An image was made of the instance's disks: instances launched from it begin with what is on them now. */
  imaged?(ctx: Ctx, instanceId: string, imageId: string): void;
  /** Answers at once where the driver can; otherwise nothing, and later through `probes.answered`. */
  probe(ctx: Ctx, probe: Probe): ProbeResult | undefined;
  /** Whether EC2's instance status check passes: the operating system answers. */
  statusOk(ctx: Ctx, instanceId: string): boolean;
}
export const machines: Port<Machines> = port<Machines>('machines');

/** An application or agent on a machine came up, went down or behaves differently from now on. */
export const machineChanged: EventKind<{ instanceId: string }> = event('workloads/machine-changed');

/** Where drivers that probe for real hand in what they found. Implemented by both generations of load balancers. */
export interface Probes {
  answered(ctx: Ctx, reference: Probe['reference'], result: ProbeResult): void;
}
/** Each of them ignores references that it has not given out. */
export const probes: Port<Probes> = port<Probes>('probes', (parts) => ({
  answered(ctx, reference, result) {
    for (const part of parts) part.answered(ctx, reference, result);
  },
}));

// ---- Routing, and the DNS of load balancers' own names: implemented by both generations of load balancers ----

/** One place that may get a request. */
export interface PlanTarget {
  readonly instanceId: string;
  readonly port: number;
  readonly zone: string;
  /** Relative share of new requests, in thousandths: below 1000 during slow start. */
  readonly weight: number;
  readonly healthy: boolean;
  /** The network does not let the load balancer's packets through: nothing answers. */
  readonly blocked?: boolean;
}

/** A target group as a request meets it: the targets that are eligible now, after health, draining and fail-open. */
export interface PlanGroup {
  readonly targetGroupArn: string;
  /** CloudWatch dimension, `targetgroup/name/id`; of a Classic Load Balancer `name/protocol/port` of the listener. */
  readonly dimension: string;
  readonly weight: number;
  readonly algorithm: 'round_robin' | 'least_outstanding_requests' | 'weighted_random';
  readonly targets: readonly PlanTarget[];
  /** True when no target is healthy and all get traffic. */
  readonly failOpen: boolean;
  /** Cookie stickiness to a target (seconds), if on. */
  readonly stickinessSeconds?: number;
}

/** What a request to a host name meets right now. */
export type Plan =
  | {
      readonly kind: 'forward';
      readonly loadBalancerArn: string;
      /** CloudWatch dimension, `app/name/id`; the name alone of a Classic Load Balancer. */
      readonly loadBalancer: string;
      readonly scope: string;
      readonly zones: readonly string[];
      readonly groups: readonly PlanGroup[];
      /** Stickiness to a target group of a weighted forward (seconds), if on. */
      readonly groupStickinessSeconds?: number;
      readonly idleTimeoutMs: number;
    }
  | {
      readonly kind: 'respond';
      readonly loadBalancer: string;
      readonly scope: string;
      readonly status: number;
    }
  /** The name resolves, and nothing listens on the port. */
  | { readonly kind: 'refused' };

/** A request on its way to a host name. */
export interface RoutedRequest {
  readonly host: string;
  readonly port: number;
  /** With the query string, if there is one. */
  readonly path: string;
  readonly method: string;
  /** The `Host` header, where it is not `host`. */
  readonly hostHeader?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly sourceIp?: string;
}

/** A load balancer's own name, as DNS and Route 53 know it. */
export interface NamedLoadBalancer {
  /** The zone to which alias records refer. */
  readonly hostedZoneId: string;
  /** IPv4 addresses of its nodes. */
  readonly addresses: readonly string[];
  /** Each target group has a healthy target: what `EvaluateTargetHealth` asks. */
  readonly healthy: boolean;
}

export interface Routing {
  /** Nothing where the name does not resolve. */
  plan(ctx: Ctx, request: RoutedRequest): Plan | undefined;
  /** What stands behind a load balancer's own name; nothing where the name does not resolve. */
  named?(ctx: Ctx, host: string): NamedLoadBalancer | undefined;
  /** Load balancers and port of the first listener, for a rehearsal's load that names none. */
  hosts(ctx: Ctx): { host: string; port: number; scope: string; name: string }[];
}
/** No two of them know one name. */
export const routing: Port<Routing> = port<Routing>('routing', (parts) => ({
  plan(ctx, request) {
    for (const part of parts) {
      const plan = part.plan(ctx, request);
      if (plan) return plan;
    }
    return undefined;
  },
  named(ctx, host) {
    for (const part of parts) {
      const named = part.named?.(ctx, host);
      if (named) return named;
    }
    return undefined;
  },
  hosts: (ctx) => parts.flatMap((part) => part.hosts(ctx)),
}));

/** Load balancers, listeners or rules changed: requests may meet something else than before. */
export const routingChanged: EventKind<{ loadBalancerArn: string }> = event(
  'elasticloadbalancing/routing-changed',
);

/** A target's health, registration or draining changed. Behind a Classic Load Balancer the ARN is the load balancer's own. */
export const targetChanged: EventKind<{ targetGroupArn: string; targetId: string; state: string }> = event(
  'elasticloadbalancing/target-changed',
);

// ---- DNS: implemented by Route 53 ----

/** A record as zone files spell it. */
export interface DnsRecord {
  /** In lower case, with a dot at its end. */
  readonly name: string;
  readonly type: string;
  readonly ttlSeconds: number;
  readonly data: string;
}

export interface DnsQuery {
  readonly name: string;
  readonly type: string;
  /** Asks from inside a VPC, where private zones are known; from the internet unless given. */
  readonly vpcId?: string;
  /** Where it asks from, for routing by latency: `us-east-1` unless given. */
  readonly region?: string;
}

/** One of the answers that a name may get now. */
export interface DnsChoice {
  /** Of all queries, 0 to 1: the shares of a name's choices add up to 1. */
  readonly share: number;
  /** Empty where there is no such name or nothing of that type. */
  readonly records: readonly DnsRecord[];
  /** The load balancer's own name that stands at the end, if one does. */
  readonly host?: string;
  /** How long whoever asks keeps to this choice. */
  readonly ttlSeconds: number;
  /** Identifiers of the weighted, failover or other sets that were chosen on the way. */
  readonly sets: readonly string[];
}

export interface DnsAnswer {
  /** `REFUSED`: no hosted zone here has the name. */
  readonly code: 'NOERROR' | 'NXDOMAIN' | 'REFUSED';
  readonly records: readonly DnsRecord[];
  /** The zone's SOA record, where there is nothing to answer. */
  readonly authority: readonly DnsRecord[];
}

export interface Dns {
  /** All that a name may be answered now, under the health that holds now. Nothing where no zone has the name. */
  choices(ctx: Ctx, query: DnsQuery): readonly DnsChoice[] | undefined;
  /** One of these, drawn at random. `key` is the query's logical identity. */
  answer(ctx: Ctx, query: DnsQuery, key: string): DnsAnswer;
}
export const dns: Port<Dns> = port<Dns>('dns');

// ---- Auto Scaling: tells others about lifecycle actions ----

/** An instance of a group has entered a lifecycle state. */
export const groupInstanceChanged: EventKind<{ group: string; instanceId: string; state: string }> = event(
  'autoscaling/instance-changed',
);

/** An instance waits in a lifecycle hook: what the hook's notification would carry. */
export const lifecycleActionBegan: EventKind<{
  group: string;
  hook: string;
  instanceId: string;
  token: string;
  transition: string;
  metadata: string;
  target: string;
}> = event('autoscaling/lifecycle-action-began');

/** What an alarm hands over when it executes a scaling policy. */
export interface PolicyAlarm {
  readonly alarmName: string;
  readonly metricValue: number;
  readonly threshold: number;
}

export interface Scaling {
  /** Executes a scaling policy by ARN for an alarm, without IAM as in AWS. Throws `Fault` where it cannot. */
  execute(ctx: Ctx, policyArn: string, alarm: PolicyAlarm): void;
}
export const scaling: Port<Scaling> = port<Scaling>('scaling');

// ---- Metrics: implemented by CloudWatch ----

/** What identifies a metric. Dimensions in any order. */
export interface MetricId {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface Metrics {
  /**
   * Data points that AWS's own services publish. `at` is the start of the minute (epoch ms); values and counts are a
   * histogram, so that percentiles work. `delayMs`: how much later the point becomes visible to alarms and readers.
   */
  publish(
    ctx: Ctx,
    metric: MetricId,
    point: { at: number; unit: string; values: readonly number[]; counts: readonly number[] },
  ): void;
  /**
   * A metric that stands at `value` in every period from now on, until told otherwise; nothing: it is no longer published.
   * Costs a row for each change instead of a row for each minute.
   */
  level(ctx: Ctx, metric: MetricId, unit: string, value: number | undefined): void;
}
export const metrics: Port<Metrics> = port<Metrics>('metrics');

/** An alarm has entered a state. */
export const alarmChanged: EventKind<{
  alarmName: string;
  alarmArn: string;
  state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
}> = event('monitoring/alarm-changed');

// ---- Functions: Lambda decides what runs where; a driver runs it ----

/** One invocation, to be carried out in one execution environment. */
export interface FunctionRun {
  /** The request id, by which `functionResults.ended` tells what came of it. */
  readonly requestId: string;
  /** The execution environment: code that was started once and takes one invocation at a time. */
  readonly environmentId: string;
  /** The environment is new: the code has to be fetched, started and initialised. */
  readonly cold: boolean;
  /** ARN as invoked, with the qualifier if there is one. */
  readonly invokedArn: string;
  readonly functionName: string;
  /** `$LATEST` or a number. */
  readonly version: string;
  /** Address of the deployment package, a zip. */
  readonly codeBlob: string;
  readonly handler: string;
  readonly runtime: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Temporary credentials of the execution role. */
  readonly credentials: AccessKey;
  readonly logGroup: string;
  readonly logStream: string;
  /** JSON text. */
  readonly event: string;
  /** JSON text, as the client sent it. */
  readonly clientContext?: string;
  readonly traceId: string;
}

/** What came of an invocation. Times are virtual milliseconds. */
export interface FunctionResult {
  readonly outcome:
    | { readonly kind: 'answered'; readonly payload: string }
    /** `payload`: JSON text with errorMessage and errorType. `Handled` where the code itself reported it. */
    | { readonly kind: 'error'; readonly payload: string }
    | { readonly kind: 'timeout' }
    /**
     * The process ended, or could not be started: `errorType` such as `Runtime.ExitError`, `Runtime.ImportModuleError`.
     * `message` lacks the request's id. `payload`: JSON text of the answer, where the host knows it better than that: with the
     * runtime's own trace of what kept it from loading the code.
     */
    | {
        readonly kind: 'crash';
        readonly errorType: string;
        readonly message: string;
        readonly payload?: string;
      };
  /** Of the code before its first invocation; present in a cold start. */
  readonly initMs?: number;
  readonly durationMs: number;
  readonly maxMemoryMb: number;
  /** What the code wrote to its log, line by line, without the platform's own lines. */
  readonly log: readonly { readonly at: number; readonly text: string }[];
}

/** Runs functions. Implemented by a workload driver. */
export interface FunctionHost {
  /** Answers through `functionResults.ended`, in a later transition. */
  run(ctx: Ctx, run: FunctionRun): void;
  /** The environment is no longer needed, or must not be used again. */
  retire(ctx: Ctx, environmentId: string): void;
  /** How the code behaves in the long run, which only a host knows on which nothing really runs. */
  model?(ctx: Ctx, code: Pick<FunctionRun, 'codeBlob' | 'handler'>): FunctionModel;
}

/** What code is like that does not really run. */
export interface FunctionModel {
  /** Invocations per million that take at most so many microseconds; nothing where nobody said how long they take. */
  readonly duration?: readonly (readonly [perMillion: number, microseconds: number])[];
  readonly errorsPerMillion: number;
  /** `hangs`: no invocation ever ends by itself. `crashes`: each one takes its process with it. */
  readonly ends: 'answers' | 'hangs' | 'crashes';
}
export const functionHost: Port<FunctionHost> = port<FunctionHost>('function-host');

/** Implemented by Lambda. */
export interface FunctionResults {
  ended(ctx: Ctx, requestId: string, result: FunctionResult): void;
}
export const functionResults: Port<FunctionResults> = port<FunctionResults>('function-results');

/** One of the versions that invocations come to. */
export interface RoutedVersion {
  readonly version: string;
  /** Of the invocations, 0 to 1. */
  readonly share: number;
  readonly codeBlob: string;
  readonly handler: string;
  readonly timeoutMs: number;
}

/** Where invocations of a function, a version or an alias go now. */
export interface FunctionRoute {
  readonly functionName: string;
  readonly qualifier?: string;
  readonly throughAlias: boolean;
  readonly versions: readonly RoutedVersion[];
  /** Executions that may run at once. */
  readonly concurrency: number;
}

/** Implemented by Lambda. */
export interface FunctionRoutes {
  /** `name` is a function's name or ARN, with a qualifier or without. Nothing where it is not there. */
  route(ctx: Ctx, name: string): FunctionRoute | undefined;
}
export const functionRoutes: Port<FunctionRoutes> = port<FunctionRoutes>('function-routes');

/** Where modelled functions that stand behind custom resources answer. Implemented by CloudFormation. */
export interface CustomResources {
  /** An answer to a response URL, as an HTTP PUT would bring it. False where nobody waits for it there. */
  answer(ctx: Ctx, responseUrl: string, body: string): boolean;
}
export const customResources: Port<CustomResources> = port<CustomResources>('custom-resources');

// ---- Stacks: CloudFormation tells others ----

/** Something has happened in a stack, as its events tell: `status` is the stack's or a resource's. */
export const stackChanged: EventKind<{ stackId: string; stackName: string; status: string }> = event(
  'cloudformation/stack-changed',
);

/** The stack for which CloudFormation asked for a deployment. */
export interface StackOrigin {
  readonly stackId: string;
  /** The stack takes an update back. */
  readonly rollback: boolean;
}

/** What CloudFormation tells CodeDeploy of its own deployments beside the request. Implemented by CodeDeploy. */
export interface StackDeployments {
  adopt(ctx: Ctx, deploymentId: string, origin: StackOrigin): void;
}
export const stackDeployments: Port<StackDeployments> = port<StackDeployments>('stack-deployments');

// ---- Events of AWS's own services: implemented by EventBridge ----

export interface ServiceEvent {
  /** Such as `aws.ec2`. */
  readonly source: string;
  readonly detailType: string;
  /** ARNs. */
  readonly resources: readonly string[];
  /** Plain JSON. */
  readonly detail: object;
}

export interface ServiceEvents {
  /** Whether any rule of the default bus may want events of a source: those that nobody wants need not be made. */
  wanted(ctx: Ctx, source: string): boolean;
  /** Something has happened in the account and Region of `ctx`: it goes to the default bus there. */
  put(ctx: Ctx, event: ServiceEvent): void;
}
/** Reach it through `tellEventBridge`: a cloud may be without. */
export const serviceEvents: Port<ServiceEvents> = port<ServiceEvents>('service-events');

// ---- Traffic ----

export interface Traffic {
  /** Accounts for all requests up to now, under the routing and the behaviour that held until now. */
  settle(ctx: Ctx): void;
}
export const traffic: Port<Traffic> = port<Traffic>('traffic');

/** Ports without which a cloud refuses to start. */
export const required: readonly Port<object>[] = [
  identity,
  sessions,
  instances,
  machines,
  probes,
  routing,
  metrics,
  functionHost,
  functionResults,
  traffic,
];
