// Two stacks of web servers under one name, shared out by the weights of Route 53.

import type { Scene } from 'sandtable';
import { create, outputsOf, update } from '../cfn/stacks.ts';
import type { TemplateParts } from '../cfn/stacks.ts';
import { defaultNetwork } from './foundations.ts';
import { healthy } from './web-fleet.ts';
import { userData, webStack } from './web-stack.ts';

const ZONE = 'example.com';
export const NAME: string = `shop.${ZONE}`;
const SIZE = 2;

/** A stack's load balancer, by its own name and the zone of that. */
interface Front {
  readonly host: string;
  readonly zoneId: string;
}

export interface Fronts {
  readonly blue: Front;
  readonly green: Front;
}

/** How records lead to a load balancer: as aliases, whose TTL is the load balancer's minute, or by name with a TTL of their own. */
export type Kind = 'alias' | { readonly ttlSeconds: number };

export interface Weights {
  readonly blue: number;
  readonly green: number;
}

/** Two stacks that stand, version 1 and version 2, and no name for them yet. */
export async function prepareFronts(scene: Scene): Promise<Fronts> {
  return { blue: await front(scene, 'blue', 'v1'), green: await front(scene, 'green', 'v2') };
}

async function front(scene: Scene, stack: string, version: string): Promise<Front> {
  const network = await defaultNetwork(scene);
  await create(scene, stack, webStack(network, { userData: userData({ version }), size: SIZE }));
  const { Host = '', Zone = '', Targets = '' } = await outputsOf(scene, stack);
  await healthy(scene, Targets, SIZE);
  return { host: Host, zoneId: Zone };
}

/** Puts both under their name. */
export async function name(scene: Scene, fronts: Fronts, kind: Kind, weights: Weights): Promise<void> {
  await create(scene, 'dns', names(fronts, kind, weights));
}

/** Changes the weights; returns when name servers have them. */
export async function weigh(scene: Scene, fronts: Fronts, kind: Kind, weights: Weights): Promise<string> {
  return update(scene, 'dns', names(fronts, kind, weights));
}

function names(fronts: Fronts, kind: Kind, weights: Weights): TemplateParts {
  const RecordSets = (['blue', 'green'] as const).map((colour) => ({
    Name: NAME,
    SetIdentifier: colour,
    Weight: weights[colour],
    ...target(fronts[colour], kind),
  }));
  return {
    Resources: {
      Zone: { Type: 'AWS::Route53::HostedZone', Properties: { Name: ZONE } },
      Names: {
        Type: 'AWS::Route53::RecordSetGroup',
        Properties: { HostedZoneId: { Ref: 'Zone' }, RecordSets },
      },
    },
  };
}

function target({ host, zoneId }: Front, kind: Kind): object {
  if (kind !== 'alias') return { Type: 'CNAME', TTL: String(kind.ttlSeconds), ResourceRecords: [host] };
  return { Type: 'A', AliasTarget: { DNSName: host, HostedZoneId: zoneId } };
}
