// Instance types: a small table of common ones. https://aws.amazon.com/ec2/instance-types/

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { pageOf } from '#cloud/pagination.ts';
import { filtered } from '../filters.ts';
import { unmodelled } from '../requests.ts';
import { zoneId, zonesOf } from '../zones.ts';

export type Architecture = 'x86_64' | 'arm64';
export type InstanceTypeName = NonNullable<Input<'ec2', 'RunInstances'>['InstanceType']>;
type WireType = NonNullable<Output<'ec2', 'DescribeInstanceTypes'>['InstanceTypes']>[number];

export interface InstanceType {
  readonly name: string;
  readonly vCpus: number;
  readonly memoryMiB: number;
  readonly architecture: Architecture;
  readonly burstable: boolean;
  /** Disks of the host: how many, and their size in GB. */
  readonly instanceStore?: readonly [count: number, sizeGb: number];
}

const GIB = 1024;

/** Sizes of the families whose sizes double: vCPUs. */
const SIZES: Readonly<Record<string, number>> = {
  medium: 1,
  large: 2,
  xlarge: 4,
  '2xlarge': 8,
  '4xlarge': 16,
  '8xlarge': 32,
};

interface Family {
  readonly architecture: Architecture;
  /** Memory for each vCPU (MiB). */
  readonly memoryPerVCpu: number;
  readonly sizes: readonly string[];
}

const FROM_LARGE = ['large', 'xlarge', '2xlarge', '4xlarge'];
const FAMILIES: Readonly<Record<string, Family>> = {
  m5: { architecture: 'x86_64', memoryPerVCpu: 4 * GIB, sizes: FROM_LARGE },
  m6i: { architecture: 'x86_64', memoryPerVCpu: 4 * GIB, sizes: [...FROM_LARGE, '8xlarge'] },
  m6g: { architecture: 'arm64', memoryPerVCpu: 4 * GIB, sizes: ['medium', ...FROM_LARGE, '8xlarge'] },
  m7i: { architecture: 'x86_64', memoryPerVCpu: 4 * GIB, sizes: [...FROM_LARGE, '8xlarge'] },
  m7g: { architecture: 'arm64', memoryPerVCpu: 4 * GIB, sizes: ['medium', ...FROM_LARGE, '8xlarge'] },
  c5: { architecture: 'x86_64', memoryPerVCpu: 2 * GIB, sizes: FROM_LARGE },
  c6i: { architecture: 'x86_64', memoryPerVCpu: 2 * GIB, sizes: [...FROM_LARGE, '8xlarge'] },
  c6g: { architecture: 'arm64', memoryPerVCpu: 2 * GIB, sizes: ['medium', ...FROM_LARGE, '8xlarge'] },
  c7i: { architecture: 'x86_64', memoryPerVCpu: 2 * GIB, sizes: [...FROM_LARGE, '8xlarge'] },
  c7g: { architecture: 'arm64', memoryPerVCpu: 2 * GIB, sizes: ['medium', ...FROM_LARGE, '8xlarge'] },
  r5: { architecture: 'x86_64', memoryPerVCpu: 8 * GIB, sizes: FROM_LARGE },
  r6i: { architecture: 'x86_64', memoryPerVCpu: 8 * GIB, sizes: [...FROM_LARGE, '8xlarge'] },
  r6g: { architecture: 'arm64', memoryPerVCpu: 8 * GIB, sizes: ['medium', ...FROM_LARGE, '8xlarge'] },
};

/** Memory of the sizes of T3, T3a and T4g (MiB), each with two vCPUs below xlarge. */
const BURSTABLE_SIZES: Readonly<Record<string, readonly [vCpus: number, memoryMiB: number]>> = {
  nano: [2, GIB / 2],
  micro: [2, GIB],
  small: [2, 2 * GIB],
  medium: [2, 4 * GIB],
  large: [2, 8 * GIB],
  xlarge: [4, 16 * GIB],
  '2xlarge': [8, 32 * GIB],
};

/**
 * Types from before Nitro, size by size: vCPUs, memory (MiB) and the disks of the host.
 * https://aws.amazon.com/ec2/previous-generation/,
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-type-specifications.html
 */
type OlderSize = readonly [vCpus: number, memoryMiB: number, disks?: number, diskGb?: number];
const OLDER: Readonly<Record<string, Readonly<Record<string, OlderSize>>>> = {
  t1: { micro: [1, 627] },
  m1: {
    small: [1, 1740, 1, 160],
    medium: [1, 3788, 1, 410],
    large: [2, 7680, 2, 420],
    xlarge: [4, 15_360, 4, 420],
  },
  m3: {
    medium: [1, 3840, 1, 4],
    large: [2, 7680, 1, 32],
    xlarge: [4, 15_360, 2, 40],
    '2xlarge': [8, 30_720, 2, 80],
  },
  m4: {
    large: [2, 8 * GIB],
    xlarge: [4, 16 * GIB],
    '2xlarge': [8, 32 * GIB],
    '4xlarge': [16, 64 * GIB],
    '10xlarge': [40, 160 * GIB],
    '16xlarge': [64, 256 * GIB],
  },
  c3: {
    large: [2, 3840, 2, 16],
    xlarge: [4, 7680, 2, 40],
    '2xlarge': [8, 15_360, 2, 80],
    '4xlarge': [16, 30_720, 2, 160],
    '8xlarge': [32, 61_440, 2, 320],
  },
  c4: {
    large: [2, 3840],
    xlarge: [4, 7680],
    '2xlarge': [8, 15_360],
    '4xlarge': [16, 30_720],
    '8xlarge': [36, 61_440],
  },
  r3: {
    large: [2, 15_616, 1, 32],
    xlarge: [4, 31_232, 1, 80],
    '2xlarge': [8, 62_464, 1, 160],
    '4xlarge': [16, 124_928, 1, 320],
    '8xlarge': [32, 249_856, 2, 320],
  },
  r4: {
    large: [2, 15_616],
    xlarge: [4, 31_232],
    '2xlarge': [8, 62_464],
    '4xlarge': [16, 124_928],
    '8xlarge': [32, 249_856],
    '16xlarge': [64, 499_712],
  },
  x1: { '16xlarge': [64, 999_424, 1, 1920], '32xlarge': [128, 1_998_848, 2, 1920] },
};
const PREVIOUS_GENERATION: ReadonlySet<string> = new Set(['t1', 'm1', 'm3', 'c3', 'r3']);

const TYPES: ReadonlyMap<string, InstanceType> = new Map(
  [
    ...burstable('t3', 'x86_64'),
    ...burstable('t3a', 'x86_64'),
    ...burstable('t4g', 'arm64'),
    // T2 is older: one vCPU up to small.
    ...Object.entries({
      nano: [1, GIB / 2],
      micro: [1, GIB],
      small: [1, 2 * GIB],
      medium: [2, 4 * GIB],
      large: [2, 8 * GIB],
    }).map(([size, [vCpus = 1, memoryMiB = GIB]]): InstanceType => ({
      name: `t2.${size}`,
      vCpus,
      memoryMiB,
      architecture: 'x86_64',
      burstable: true,
    })),
    ...Object.entries(OLDER).flatMap(([family, sizes]) =>
      Object.entries(sizes).map(([size, [vCpus, memoryMiB, disks, diskGb = 0]]): InstanceType => ({
        name: `${family}.${size}`,
        vCpus,
        memoryMiB,
        architecture: 'x86_64',
        burstable: false,
        ...(disks === undefined ? {} : { instanceStore: [disks, diskGb] }),
      })),
    ),
    ...Object.entries(FAMILIES).flatMap(([family, { architecture, memoryPerVCpu, sizes }]) =>
      sizes.map((size): InstanceType => {
        const vCpus = SIZES[size] as number;
        return {
          name: `${family}.${size}`,
          vCpus,
          memoryMiB: vCpus * memoryPerVCpu,
          architecture,
          burstable: false,
        };
      }),
    ),
  ]
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
    .map((type) => [type.name, type]),
);

function burstable(family: string, architecture: Architecture): InstanceType[] {
  return Object.entries(BURSTABLE_SIZES).map(([size, [vCpus, memoryMiB]]) => ({
    name: `${family}.${size}`,
    vCpus,
    memoryMiB,
    architecture,
    burstable: true,
  }));
}

/** The type, or a refusal: the contract knows more than this table. */
export function instanceTypeOf(name: string): InstanceType {
  const found = TYPES.get(name);
  if (!found) throw unmodelled(`The instance type ${name}`);
  return found;
}

function familyOf({ name }: InstanceType): string {
  return name.slice(0, name.indexOf('.'));
}

function diskShown(
  [Count, SizeInGB]: readonly [number, number],
  Type: 'hdd' | 'ssd',
): WireType['InstanceStorageInfo'] {
  return {
    TotalSizeInGB: Count * SizeInGB,
    Disks: [{ Count, SizeInGB, Type }],
    NvmeSupport: 'unsupported',
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/enhanced-networking.html */
function enaSupport(type: InstanceType): 'required' | 'supported' | 'unsupported' {
  const family = familyOf(type);
  if (!isXen(family)) return 'required';
  return family === 'r4' || family === 'x1' || type.name === 'm4.16xlarge' ? 'supported' : 'unsupported';
}

/** What CPU options may ask for; types from before Nitro do not say. */
const threadsPerCore = (type: InstanceType): number[] => (type.architecture === 'arm64' ? [1] : [1, 2]);

const isXen = (family: string): boolean => family === 't2' || family in OLDER;

function describe(type: InstanceType): WireType {
  const threads = type.architecture === 'arm64' || type.vCpus === 1 ? 1 : 2;
  const family = familyOf(type);
  return {
    InstanceType: type.name as InstanceTypeName,
    CurrentGeneration: !PREVIOUS_GENERATION.has(family),
    SupportedUsageClasses: ['on-demand'],
    SupportedRootDeviceTypes: ['ebs'],
    SupportedVirtualizationTypes: ['hvm'],
    BareMetal: false,
    Hypervisor: isXen(family) ? 'xen' : 'nitro',
    NetworkInfo: { EnaSupport: enaSupport(type) },
    ProcessorInfo: { SupportedArchitectures: [type.architecture] },
    VCpuInfo: {
      DefaultVCpus: type.vCpus,
      DefaultCores: type.vCpus / threads,
      DefaultThreadsPerCore: threads,
      ...(isXen(family) ? {} : { ValidThreadsPerCore: threadsPerCore(type) }),
    },
    MemoryInfo: { SizeInMiB: type.memoryMiB },
    InstanceStorageSupported: type.instanceStore !== undefined,
    InstanceStorageInfo: type.instanceStore && diskShown(type.instanceStore, family === 'm1' ? 'hdd' : 'ssd'),
    BurstablePerformanceSupported: type.burstable,
    DedicatedHostsSupported: false,
    HibernationSupported: false,
  };
}

const PAGE_SIZE = 100;

export const instanceTypeOperations: Operations<'ec2'> = {
  DescribeInstanceTypes(_, { InstanceTypes = [], Filters, MaxResults, NextToken }) {
    const where = filtered<InstanceType>(Filters, {
      operation: 'DescribeInstanceTypes',
      values: {
        'bare-metal': () => false,
        'burstable-performance-supported': (type) => type.burstable,
        'current-generation': (type) => !PREVIOUS_GENERATION.has(familyOf(type)),
        hypervisor: (type) => describe(type).Hypervisor,
        'instance-storage-supported': (type) => type.instanceStore !== undefined,
        'instance-type': (type) => type.name,
        'memory-info.size-in-mib': (type) => type.memoryMiB,
        'processor-info.supported-architecture': (type) => type.architecture,
        'supported-usage-class': () => 'on-demand',
        'network-info.ena-support': enaSupport,
        'vcpu-info.default-cores': (type) => describe(type).VCpuInfo?.DefaultCores,
        'vcpu-info.default-threads-per-core': (type) => describe(type).VCpuInfo?.DefaultThreadsPerCore,
        'vcpu-info.valid-threads-per-core': (type) => describe(type).VCpuInfo?.ValidThreadsPerCore ?? [],
        'vcpu-info.default-vcpus': (type) => type.vCpus,
      },
    });
    const chosen = InstanceTypes.length > 0 ? InstanceTypes.map(instanceTypeOf) : [...TYPES.values()];
    const { items, next } = pageOf(chosen.filter(where), (type) => type.name, {
      token: NextToken,
      limit: MaxResults ?? PAGE_SIZE,
    });
    return { InstanceTypes: items.map(describe), NextToken: next };
  },

  DescribeInstanceTypeOfferings(ctx, { LocationType = 'region', Filters, MaxResults, NextToken }) {
    if (LocationType === 'outpost')
      throw new Fault('NotImplemented', 'Outposts are not modelled by Sandtable.');
    const zones = zonesOf(ctx.region);
    const places = {
      region: [ctx.region],
      'availability-zone': zones,
      'availability-zone-id': zones.map(zoneId),
    }[LocationType];
    const all = places.flatMap((Location) =>
      [...TYPES.keys()].map((name) => ({ InstanceType: name as InstanceTypeName, LocationType, Location })),
    );
    const where = filtered<(typeof all)[number]>(Filters, {
      operation: 'DescribeInstanceTypeOfferings',
      values: { 'instance-type': (offer) => offer.InstanceType, location: (offer) => offer.Location },
    });
    const key = (offer: (typeof all)[number]): string => `${offer.Location} ${offer.InstanceType}`;
    const { items, next } = pageOf(all.filter(where), key, { token: NextToken, limit: MaxResults ?? 1000 });
    return { InstanceTypeOfferings: items, NextToken: next };
  },
};
