// The list of services: the only file that imports them all.

import type { Service } from '#cloud/service.ts';
import { service as sns } from './sns/sns.ts';

export const services: readonly Service[] = [sns];
