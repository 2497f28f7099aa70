// What the rest of the cloud may know of instances: the port `instances`.

import type { Ctx } from '#cloud/ctx.ts';
import type { InstanceFacts, Instances } from '#cloud/ports/instances.ts';
import { publicImages } from '../images/image-catalogue.ts';
import { images } from '../images/images.ts';
import { privateDnsName } from '../interfaces/interfaces.ts';
import { at, giveBack, lend, lent } from '../interfaces/lent-interfaces.ts';
import { reachEndpoint, reachInstance } from '../reachability.ts';
import { resourceTags, tagPair, tagsOf } from '../tags.ts';
import { instanceTypeOf } from './instance-types.ts';
import { instanceRows, interfaceOfInstance, launchOf, profileArn } from './instances.ts';
import type { Instance } from './instances.ts';
import { instanceMs } from './lifecycle.ts';

function factsOf(ctx: Ctx, instance: Instance): InstanceFacts {
  const { instanceId, state, imageId, instanceType, zone, subnetId, vpcId, privateIp, launchedAt } = instance;
  const { userData, windows } = launchOf(ctx, instanceId);
  const arn = profileArn(ctx, instance);
  return {
    instanceId,
    state,
    imageId,
    instanceType,
    zone,
    subnetId,
    vpcId,
    privateIp,
    privateDnsName: privateDnsName(ctx.region, privateIp),
    securityGroupIds: interfaceOfInstance(ctx, instance)?.groupIds ?? [],
    launchedAt,
    tags: tagsOf(ctx, instanceId),
    ...(arn === undefined ? {} : { instanceProfileArn: arn }),
    ...(userData === undefined ? {} : { userData }),
    ...(windows === undefined ? {} : { platform: 'windows' }),
  };
}

/** Instances that carry one of the values of a tag. */
function carrying(ctx: Ctx, key: string, values: readonly string[]): Set<string> {
  const rows = values.flatMap((value) => ctx.list(resourceTags, 'pair', tagPair('instance', key, value)));
  return new Set(rows.map((tag) => tag.resourceId));
}

function imageName(ctx: Ctx, imageId: string): string {
  const own = ctx.get(images, imageId);
  // What comes with a public image comes with its copies, whatever they are called.
  return (
    own?.copyOf?.publicName ??
    own?.name ??
    publicImages(ctx).find((image) => image.imageId === imageId)?.name ??
    ''
  );
}

export const instancesPort: Instances = {
  facts(ctx, instanceId) {
    const instance = ctx.get(instanceRows, instanceId);
    return instance && factsOf(ctx, instance);
  },

  hardware(ctx, instanceId) {
    const instance = ctx.get(instanceRows, instanceId);
    if (!instance) return undefined;
    const { vCpus, memoryMiB, architecture } = instanceTypeOf(instance.instanceType);
    return { vCpus, memoryMiB, architecture, imageName: imageName(ctx, instance.imageId) };
  },

  tagged(ctx, tags) {
    const [first, ...others] = tags.map(({ key, values }) => carrying(ctx, key, values));
    const ids = [...(first ?? [])].filter((id) => others.every((one) => one.has(id))).toSorted();
    return ids.flatMap((id) => {
      const instance = ctx.get(instanceRows, id);
      return instance ? [factsOf(ctx, instance)] : [];
    });
  },

  instanceMs,
  at,
  lend,
  giveBack,
  lent,
  reachEndpoint,
  reachInstance,
};
