// Registered instances: registration, deregistration with its draining, and the state that AWS tells of them. Health checks
// live in ./health-checks.ts.
// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_InstanceState.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { instances } from '#cloud/ports/instances.ts';
import { targetChanged } from '#cloud/ports/routing.ts';
import type { InstanceFacts } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { publishHostCounts } from './host-counts.ts';
import { QUOTAS } from './limits.ts';
import { arnOf, checks, loadBalancerOf, loadBalancers, registrationKey, registrations } from './tables.ts';
import type { LoadBalancer, Registration, Standing } from './tables.ts';

const CLASSIC = 'elasticloadbalancing-classic';
type WireInstances = Input<typeof CLASSIC, 'RegisterInstancesWithLoadBalancer'>['Instances'];
type State = NonNullable<Output<typeof CLASSIC, 'DescribeInstanceHealth'>['InstanceStates']>[number];
type Words = Readonly<Pick<State, 'State' | 'ReasonCode' | 'Description'>>;

/** The reconciler of ./health-checks.ts, by name. */
export const HEALTH = { name: 'elasticloadbalancing-classic/instance-health' } as const;

function outOfService(ReasonCode: 'ELB' | 'Instance', Description: string): Words {
  return { State: 'OutOfService', ReasonCode, Description };
}

/** In AWS's words. */
const WORDS: Readonly<Record<Standing, Words>> = {
  registering: outOfService('ELB', 'Instance registration is still in progress.'),
  'in service': { State: 'InService', ReasonCode: 'N/A', Description: 'N/A' },
  failed: outOfService(
    'Instance',
    'Instance has failed at least the UnhealthyThreshold number of health checks consecutively.',
  ),
  draining: {
    State: 'InService',
    ReasonCode: 'N/A',
    Description: 'Instance deregistration currently in progress.',
  },
  'zone disabled': outOfService(
    'ELB',
    'Instance is in the EC2 Availability Zone for which LoadBalancer is not configured to route traffic to.',
  ),
  pending: outOfService('Instance', 'Instance is in pending state.'),
  stopped: outOfService('Instance', 'Instance is in stopped state.'),
};
const RECOVERING = outOfService(
  'Instance',
  'Instance has not passed the configured HealthyThreshold number of health checks consecutively.',
);
const NOT_REGISTERED = outOfService(
  'Instance',
  'Instance is not currently registered with the LoadBalancer.',
);

/** Makes the health checks look again at all instances of a load balancer. */
export function wakeInstances(ctx: Ctx, loadBalancer: string): void {
  for (const { key } of ctx.list(registrations, 'loadBalancer', loadBalancer)) ctx.wake(HEALTH, key);
}

/** Tells the rest of the world and CloudWatch that an instance stands otherwise than before. */
function tell(ctx: Ctx, loadBalancer: string, instanceId: string, state: string): void {
  ctx.emit(targetChanged, { targetGroupArn: arnOf(ctx, loadBalancer), targetId: instanceId, state });
  publishHostCounts(ctx, loadBalancer);
}

/** Lets an instance stand as it is found to. */
export function stand(ctx: Ctx, row: Registration, standing: Standing): Registration {
  if (row.standing === standing) return row;
  const after = ctx.update(registrations, row, { standing });
  tell(ctx, row.loadBalancer, row.instanceId, standing);
  return after;
}

/** Forgets an instance. */
export function remove(ctx: Ctx, { key, loadBalancer, instanceId }: Registration): void {
  ctx.delete(registrations, key);
  ctx.delete(checks, key);
  tell(ctx, loadBalancer, instanceId, 'not registered');
}

/** Takes an instance out of service; one that may have requests drains where that is enabled. */
function deregister(ctx: Ctx, { attributes }: LoadBalancer, row: Registration): void {
  if (row.drainingUntil !== null) return;
  if (!attributes.draining || row.standing !== 'in service') return remove(ctx, row);
  ctx.delete(checks, row.key);
  const drainingUntil = ctx.now + attributes.drainingSeconds * 1000;
  stand(ctx, ctx.update(registrations, row, { drainingUntil }), 'draining');
  ctx.wake(HEALTH, row.key, drainingUntil);
}

export const instanceOperations: Operations<typeof CLASSIC> = {
  RegisterInstancesWithLoadBalancer(ctx, { LoadBalancerName, Instances }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    const wanted = idsIn(Instances).map((instanceId) => registrable(ctx, row, instanceId));
    const known = ctx.list(registrations, 'loadBalancer', row.name);
    const standing = new Set(
      known.flatMap(({ instanceId, drainingUntil }) => (drainingUntil === null ? [instanceId] : [])),
    );
    const added = wanted.filter(({ instanceId }) => !standing.has(instanceId));
    if (standing.size + added.length > QUOTAS['classic-registered-instances']) {
      throw new Fault(
        'ValidationError',
        'The quota for the number of instances of a load balancer has been reached.',
      );
    }
    for (const [i, { instanceId, zone }] of added.entries()) {
      const key = registrationKey(row.name, instanceId);
      ctx.put(registrations, {
        key,
        loadBalancer: row.name,
        instanceId,
        zone,
        standing: 'registering',
        ordinal: row.registrations + i,
        drainingUntil: null,
      });
      ctx.delete(checks, key);
      tell(ctx, row.name, instanceId, 'registering');
      ctx.wake(HEALTH, key);
    }
    if (added.length > 0) ctx.update(loadBalancers, row, { registrations: row.registrations + added.length });
    return { Instances: registered(ctx, row) };
  },

  DeregisterInstancesFromLoadBalancer(ctx, { LoadBalancerName, Instances }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    for (const instanceId of idsIn(Instances)) {
      const known = ctx.get(registrations, registrationKey(row.name, instanceId));
      if (known) deregister(ctx, row, known);
      else factsOf(ctx, instanceId); // Deregistering what is not registered succeeds, if it exists.
    }
    return { Instances: registered(ctx, row) };
  },

  DescribeInstanceHealth(ctx, { LoadBalancerName, Instances = [] }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    if (Instances.length === 0) {
      return {
        InstanceStates: ctx.list(registrations, 'loadBalancer', row.name).map((one) => show(ctx, one)),
      };
    }
    const InstanceStates = idsIn(Instances).flatMap((instanceId): State[] => {
      const known = ctx.get(registrations, registrationKey(row.name, instanceId));
      if (known) return [show(ctx, known)];
      // Of terminated instances nothing is told.
      if (factsOf(ctx, instanceId).state === 'terminated') return [];
      return [{ InstanceId: instanceId, ...NOT_REGISTERED }];
    });
    return { InstanceStates };
  },
};

function show(ctx: Ctx, { key, instanceId, standing }: Registration): State {
  const recovers = standing === 'failed' && (ctx.get(checks, key)?.passes ?? 0) > 0;
  return { InstanceId: instanceId, ...(recovers ? RECOVERING : WORDS[standing]) };
}

/** Instances that do not leave, as requests that change them answer. */
function registered(ctx: Ctx, { name }: LoadBalancer): { InstanceId: string }[] {
  return ctx
    .list(registrations, 'loadBalancer', name)
    .filter(({ drainingUntil }) => drainingUntil === null)
    .map(({ instanceId }) => ({ InstanceId: instanceId }));
}

/** The instances that a request names, each once. */
function idsIn(wanted: WireInstances): string[] {
  return [...new Set(wanted.map(({ InstanceId = '' }) => InstanceId))];
}

function factsOf(ctx: Ctx, instanceId: string): InstanceFacts {
  const facts = ctx.port(instances).facts(ctx, instanceId);
  if (!facts) throw new Fault('InvalidEndPointException', `Could not find EC2 instance ${instanceId}.`);
  return facts;
}

function registrable(ctx: Ctx, { vpcId }: LoadBalancer, instanceId: string): InstanceFacts {
  const facts = factsOf(ctx, instanceId);
  if (facts.vpcId !== vpcId)
    throw new Fault('InvalidEndPointException', `EC2 instance ${instanceId} is not in the same VPC as ELB.`);
  if (facts.state !== 'running' && facts.state !== 'pending')
    throw new Fault('InvalidEndPointException', `EC2 instance ${instanceId} is not in the running state.`);
  return facts;
}
