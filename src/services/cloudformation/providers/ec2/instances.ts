// AWS::EC2: what runs, and what it runs with. Networks are in `network.ts`.

import type { Provider } from '../provider.ts';
import { addressAssociation } from './address-association.ts';
import { instance } from './instance.ts';
import { keyPair } from './key-pair.ts';
import { launchTemplate } from './launch-template.ts';
import { volumes } from './volume.ts';

export const instances: readonly Provider[] = [
  addressAssociation,
  instance,
  keyPair,
  launchTemplate,
  ...volumes,
];
