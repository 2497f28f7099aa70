// Layers: published version by version, read, listed and deleted. A function that has a version keeps it when that is deleted.
// https://docs.aws.amazon.com/lambda/latest/dg/creating-deleting-layers.html; details follow recorded answers.

import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import { notModelled } from '#cloud/refuse.ts';
import type { Operations } from '#cloud/service.ts';
import { layerLocation } from '../code-door.ts';
import { codeOf, namesIn } from '../functions/package.ts';
import { forgetPolicies } from '../functions/permissions.ts';
import { notFound } from '../names.ts';
import {
  layerVersionAt,
  layerVersionKey,
  layerVersionOf,
  layerVersions,
  layers,
  namedLayer,
  namedLayerVersion,
} from './layer.ts';
import type { LayerVersion, NamedLayerVersion } from './layer.ts';

const PAGE_SIZE = 50;

type Item = NonNullable<Output<'lambda', 'ListLayerVersions'>['LayerVersions']>[number];

function listed(version: LayerVersion, layerArn: string): Item {
  const { number, description, createdAt, runtimes, architectures, license } = version;
  return {
    LayerVersionArn: `${layerArn}:${number}`,
    Version: number,
    Description: description,
    CreatedDate: formatIso(createdAt).replace('Z', '+0000'),
    ...(runtimes && { CompatibleRuntimes: runtimes as Item['CompatibleRuntimes'] }),
    ...(architectures && { CompatibleArchitectures: architectures as Item['CompatibleArchitectures'] }),
    ...(license === undefined ? {} : { LicenseInfo: license }),
  };
}

function described(owner: Ctx, version: LayerVersion, layerArn: string): Output<'lambda', 'GetLayerVersion'> {
  const { code } = version;
  const Content = {
    Location: layerLocation(owner, version),
    CodeSha256: code.sha256,
    CodeSize: code.sizeBytes,
  };
  return { ...listed(version, layerArn), LayerArn: layerArn, Content };
}

function standing(of: NamedLayerVersion): LayerVersion {
  const found = layerVersionOf(of);
  if (!found) throw notFound('The resource you requested does not exist.');
  return found;
}

interface Filter {
  CompatibleRuntime?: string | undefined;
  CompatibleArchitecture?: string | undefined;
}

function fits(
  { runtimes = [], architectures = [] }: LayerVersion,
  { CompatibleRuntime: runtime, CompatibleArchitecture: architecture }: Filter,
): boolean {
  const hasRuntime = runtime === undefined || runtimes.includes(runtime);
  return hasRuntime && (architecture === undefined || architectures.includes(architecture));
}

/** The newest first. */
function versionsOf(owner: Ctx, name: string, filter: Filter): LayerVersion[] {
  const found = owner.scan(layerVersions, { prefix: `${name}:` }).filter((version) => fits(version, filter));
  return found.toReversed();
}

export const layerOperations: Operations<'lambda'> = {
  PublishLayerVersion(ctx, input) {
    const { LayerName, Content, CompatibleRuntimes, CompatibleArchitectures, LicenseInfo } = input;
    const { name, arn } = namedLayer(ctx, LayerName);
    const code = codeOf(ctx, Content);
    if (namesIn(ctx.blob(code.blob)).some((file) => file.startsWith('extensions/')))
      throw notModelled('lambda', 'PublishLayerVersion', 'Content (extensions)');
    const layer = ctx.get(layers, name) ?? { name, nextVersion: 1 };
    const version: LayerVersion = {
      layer: name,
      number: layer.nextVersion,
      code,
      description: input.Description ?? '',
      createdAt: ctx.now,
      ...(CompatibleRuntimes && { runtimes: CompatibleRuntimes }),
      ...(CompatibleArchitectures && { architectures: CompatibleArchitectures }),
      ...(LicenseInfo === undefined ? {} : { license: LicenseInfo }),
    };
    ctx.put(layers, { ...layer, nextVersion: layer.nextVersion + 1 });
    ctx.put(layerVersions, version);
    return described(ctx, version, arn);
  },

  GetLayerVersion(ctx, { LayerName, VersionNumber }) {
    const of = namedLayerVersion(ctx, LayerName, VersionNumber);
    return described(of.owner, standing(of), of.arn);
  },

  GetLayerVersionByArn(ctx, { Arn }) {
    const of = layerVersionAt(ctx, Arn);
    return described(of.owner, standing(of), of.arn);
  },

  ListLayerVersions(ctx, { LayerName, Marker, MaxItems = PAGE_SIZE, ...filter }) {
    const { owner, name, arn } = namedLayer(ctx, LayerName);
    // Newest first: a key that falls while numbers rise.
    const keyOf = ({ number }: LayerVersion): string => layerVersionKey(name, 1e9 - number);
    const rows = versionsOf(owner, name, filter);
    const { items, next } = pageOf(rows, keyOf, { token: Marker, limit: MaxItems });
    return { LayerVersions: items.map((version) => listed(version, arn)), NextMarker: next };
  },

  ListLayers(ctx, { Marker, MaxItems = PAGE_SIZE, ...filter }) {
    const latest = ctx.list(layers).flatMap(({ name }) => versionsOf(ctx, name, filter).slice(0, 1));
    const { items, next } = pageOf(latest, ({ layer }) => layer, { token: Marker, limit: MaxItems });
    const shown = items.map((version) => {
      const LayerArn = ctx.arn('lambda', `layer:${version.layer}`);
      return { LayerName: version.layer, LayerArn, LatestMatchingVersion: listed(version, LayerArn) };
    });
    return { Layers: shown, NextMarker: next };
  },

  DeleteLayerVersion(ctx, { LayerName, VersionNumber }) {
    const { owner, name, number, versionArn } = namedLayerVersion(ctx, LayerName, VersionNumber);
    const key = layerVersionKey(name, number);
    if (!owner.get(layerVersions, key)) return;
    owner.delete(layerVersions, key);
    forgetPolicies(owner, versionArn);
  },
};
