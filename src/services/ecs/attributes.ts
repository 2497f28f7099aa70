// Attributes of container instances: those that ECS and the agent give them, and those of their owners.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-container-instance-attributes.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { InstanceFacts } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { clusterOf, invalidToken } from './clusters/clusters.ts';
import { invalidParameter } from './faults.ts';
import { containerInstanceArn, containerInstances } from './tables.ts';
import type { Cluster, ContainerInstance } from './tables.ts';

type Attribute = ContainerInstance['attributes'][number];
type Given = Input<'ecs', 'PutAttributes'>['attributes'][number];

const MOST_CUSTOM = 10;
const MOST_SHOWN = 100;
const OF_AWS = /^(ecs|com\.amazonaws)\./;
const NAME = /^[\w\-/\\.]{1,128}$/;
const VALUE = /^(?! )[\w\-.@/\\: ]{1,128}(?<! )$/;

/** What ECS knows of an instance by itself. */
export function builtIn({ imageId, instanceType, subnetId, vpcId, zone }: InstanceFacts): Attribute[] {
  return [
    { name: 'ecs.ami-id', value: imageId },
    { name: 'ecs.availability-zone', value: zone },
    { name: 'ecs.instance-type', value: instanceType },
    { name: 'ecs.subnet-id', value: subnetId },
    { name: 'ecs.vpc-id', value: vpcId },
  ];
}

/** Attributes with some added, or given another value. */
export function withAttributes(
  known: readonly Attribute[],
  added: readonly Pick<Given, 'name' | 'value'>[],
): Attribute[] {
  const all = new Map([...known, ...added].map(({ name, value }) => [name, value]));
  return [...all].map(([name, value]) => (value === undefined ? { name } : { name, value }));
}

/** The container instance that an attribute is of. */
function targetOf(ctx: Ctx, { name }: Cluster, { targetId, targetType }: Given): ContainerInstance {
  if (targetId === undefined) throw invalidParameter('The target ID of an attribute cannot be empty.');
  if (!targetId.startsWith('arn:') && targetType === undefined)
    throw invalidParameter('The target type is required with the short form of a target ID.');
  const found = ctx.get(containerInstances, containerInstanceArn(ctx, name, targetId));
  if (!found || found.clusterName !== name)
    throw new Fault('TargetNotFoundException', `The target ${targetId} was not found.`);
  return found;
}

function check({ name, value = 'none' }: Given): void {
  if (!NAME.test(name)) throw invalidParameter(`Invalid attribute name: ${name}`);
  if (!VALUE.test(value)) throw invalidParameter(`Invalid attribute value: ${value}`);
}

function show(row: ContainerInstance, { name, value }: Attribute): Given {
  return { name, ...(value === undefined ? {} : { value }), targetId: row.arn };
}

export const attributeOperations: Operations<'ecs'> = {
  PutAttributes(ctx, { cluster: given, attributes }) {
    const cluster = clusterOf(ctx, given);
    const put = attributes.map((one) => {
      check(one);
      const row = targetOf(ctx, cluster, one);
      const after = withAttributes(row.attributes, [one]);
      if (after.filter(({ name }) => !OF_AWS.test(name)).length > MOST_CUSTOM) {
        throw new Fault(
          'AttributeLimitExceededException',
          `A container instance can have ${MOST_CUSTOM} custom attributes at most.`,
        );
      }
      ctx.update(containerInstances, row, { attributes: after, version: row.version + 1 });
      return show(row, one);
    });
    return { attributes: put };
  },

  DeleteAttributes(ctx, { cluster: given, attributes }) {
    const cluster = clusterOf(ctx, given);
    const gone = attributes.flatMap((one) => {
      const row = targetOf(ctx, cluster, one);
      const found = row.attributes.find(({ name }) => name === one.name);
      if (!found) return [];
      const left = row.attributes.filter((other) => other !== found);
      ctx.update(containerInstances, row, { attributes: left, version: row.version + 1 });
      return [show(row, found)];
    });
    return { attributes: gone };
  },

  ListAttributes(ctx, input) {
    const { attributeName, attributeValue, nextToken: token, maxResults: limit = MOST_SHOWN } = input;
    if (attributeValue !== undefined && attributeName === undefined)
      throw invalidParameter('An attribute name is required with an attribute value.');
    const wanted = ctx
      .list(containerInstances, 'cluster', clusterOf(ctx, input.cluster).name)
      .flatMap((row) => row.attributes.map((one) => show(row, one)))
      .filter(({ name }) => attributeName === undefined || name === attributeName)
      .filter(({ value }) => attributeValue === undefined || value === attributeValue);
    const { items, next } = pageOf(wanted, ({ name, targetId }) => `${targetId} ${name}`, {
      token,
      limit,
      invalidToken,
    });
    return { attributes: items, nextToken: next };
  },
};
