// AWS::Lambda::LayerVersion: what a layer is now, for good. Any change makes another one.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

const LONGEST = 140;

/** Where a version's ARN splits into the layer's name and the number. */
function partsOf({ physicalId }: Work<'AWS::Lambda::LayerVersion'>): {
  LayerName: string;
  VersionNumber: number;
} {
  const parts = physicalId.split(':');
  return { LayerName: parts.at(-2) ?? '', VersionNumber: Number(parts.at(-1)) };
}

export const layerVersion: Provider = provider({
  type: 'AWS::Lambda::LayerVersion',
  passedOn: ['Content'],
  create(work) {
    const {
      LayerName = work.name({ longest: LONGEST }),
      Content,
      Description,
      LicenseInfo,
    } = work.properties;
    type Publish = Input<'lambda', 'PublishLayerVersion'>;
    const { LayerVersionArn = '' } = work.call('lambda', 'PublishLayerVersion', {
      LayerName,
      Content,
      Description,
      LicenseInfo,
      CompatibleRuntimes: work.properties.CompatibleRuntimes as Publish['CompatibleRuntimes'],
      CompatibleArchitectures: work.properties.CompatibleArchitectures as Publish['CompatibleArchitectures'],
    });
    return LayerVersionArn;
  },
  delete(work) {
    work.find('lambda', 'DeleteLayerVersion', partsOf(work));
  },
  attributes: ({ physicalId }) => ({ LayerVersionArn: physicalId }),
  read(work) {
    const found = work.find('lambda', 'GetLayerVersion', partsOf(work));
    return (
      found && {
        LayerName: partsOf(work).LayerName,
        Description: found.Description,
        LicenseInfo: found.LicenseInfo,
        CompatibleRuntimes: found.CompatibleRuntimes,
        CompatibleArchitectures: found.CompatibleArchitectures,
      }
    );
  },
});
