// A layer and its versions: rows, and how requests name them.
// https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { invalid } from '../names.ts';
import type { Code } from '../rows.ts';

/** Stays when all its versions are deleted: their numbers are never given out again. */
export interface Layer {
  name: string;
  nextVersion: number;
}
export const layers: Table<Layer> = table<Layer>('lambda/layers', (row) => row.name);

export interface LayerVersion {
  layer: string;
  number: number;
  code: Code;
  description: string;
  createdAt: number;
  /** Nothing where they were never given, unlike none: AWS shows both as they came. */
  runtimes?: readonly string[];
  architectures?: readonly string[];
  license?: string;
}
export const layerVersions: Table<LayerVersion> = table<LayerVersion>('lambda/layer-versions', (row) =>
  layerVersionKey(row.layer, row.number),
);

export function layerVersionKey(layer: string, number: number): string {
  return `${layer}:${String(number).padStart(10, '0')}`;
}

const ARN = /^arn:[^:]+:lambda:([^:]+):(\d{12}):layer:([a-zA-Z0-9-_]+)(?::(\d+))?$/;

/** A layer as a request names it, by name or ARN, whether or not it exists. */
export interface NamedLayer {
  /** Where its rows are. */
  readonly owner: Ctx;
  readonly name: string;
  /** Without a version. */
  readonly arn: string;
}

export function namedLayer(ctx: Ctx, given: string): NamedLayer {
  const [, region = ctx.region, account = ctx.account, name = given] = ARN.exec(given) ?? [];
  const owner = ctx.in({ region, account });
  return { owner, name, arn: owner.arn('lambda', `layer:${name}`) };
}

export interface NamedLayerVersion extends NamedLayer {
  readonly number: number;
  readonly versionArn: string;
}

export function namedLayerVersion(ctx: Ctx, given: string, number: number): NamedLayerVersion {
  if (number < 1) throw invalid('Layer Version Cannot be less than 1');
  const named = namedLayer(ctx, given);
  return { ...named, number, versionArn: `${named.arn}:${number}` };
}

/** The version that an ARN names; the contract has seen to it that the number is there. */
export function layerVersionAt(ctx: Ctx, arn: string): NamedLayerVersion {
  return namedLayerVersion(ctx, arn, Number(arn.split(':').at(-1)));
}

export function layerVersionOf({ owner, name, number }: NamedLayerVersion): LayerVersion | undefined {
  return owner.get(layerVersions, layerVersionKey(name, number));
}
