// Public images: a small catalogue. Names follow their publishers' patterns; ids are stable for each region
// and are not AWS's.

import { hex } from '#world/index.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Architecture } from '../instances/instance-types.ts';
import type { VolumeKind } from '../volumes/volume-types.ts';

type WireImage = NonNullable<Output<'ec2', 'DescribeImages'>['Images']>[number];

export interface PublicImage {
  readonly imageId: string;
  readonly name: string;
  readonly description: string;
  readonly ownerId: string;
  readonly ownerAlias?: string;
  readonly architecture: Architecture;
  readonly rootDevice: string;
  readonly rootGiB: number;
  /** `gp3` where nothing is said. */
  readonly rootKind?: VolumeKind;
  readonly imdsV2: boolean;
  readonly createdAt: number;
  /** Linux where nothing is said. */
  readonly windows?: WindowsLicence;
}

/**
 * What a Windows image's licence is called and billed as.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-info-fields.html
 */
export interface WindowsLicence {
  readonly platformDetails: string;
  readonly usageOperation: string;
}

/**
 * Publishers' accounts: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html,
 * https://documentation.ubuntu.com/aws/, https://wiki.debian.org/Cloud/AmazonEC2Image/
 */
const AMAZON = '137112412989';
const AMAZON_ECS = '591542846629';
const AMAZON_WINDOWS = '801119661308';
const CANONICAL = '099720109477';
const DEBIAN = '136693071363';

/** Owners that EC2 knows by the alias `amazon`. */
const AMAZONS: ReadonlySet<string> = new Set([AMAZON, AMAZON_ECS, AMAZON_WINDOWS]);

const BOTH: readonly Architecture[] = ['x86_64', 'arm64'];

interface Release {
  readonly name: (architecture: Architecture) => string;
  readonly description: string;
  readonly ownerId: string;
  readonly rootDevice: string;
  readonly rootGiB: number;
  readonly imdsV2: boolean;
  readonly createdAt: number;
  /** Both where nothing is said. */
  readonly architectures?: readonly Architecture[];
  readonly windows?: WindowsLicence;
}

const debianName = (architecture: Architecture): string =>
  architecture === 'x86_64' ? 'amd64' : architecture;

/** The older images with a magnetic root volume differ from those with an SSD in nothing that is modelled. */
const LINUX: readonly Release[] = [
  {
    name: (architecture) => `al2023-ami-2023.9.20251110.1-kernel-6.1-${architecture}`,
    description: 'Amazon Linux 2023 AMI 2023.9.20251110.1',
    ownerId: AMAZON,
    rootDevice: '/dev/xvda',
    rootGiB: 8,
    imdsV2: true,
    createdAt: 1_762_800_000_000,
  },
  {
    name: (architecture) => `amzn2-ami-kernel-5.10-hvm-2.0.20251105.0-${architecture}-gp2`,
    description: 'Amazon Linux 2 Kernel 5.10 AMI 2.0.20251105.0',
    ownerId: AMAZON,
    rootDevice: '/dev/xvda',
    rootGiB: 8,
    imdsV2: false,
    createdAt: 1_762_300_800_000,
  },
  {
    name: (architecture) => `amzn2-ami-hvm-2.0.20251105.0-${architecture}-gp2`,
    description: 'Amazon Linux 2 AMI 2.0.20251105.0',
    ownerId: AMAZON,
    rootDevice: '/dev/xvda',
    rootGiB: 8,
    imdsV2: false,
    createdAt: 1_762_300_800_000,
  },
  {
    name: (architecture) => `amzn2-ami-hvm-2.0.20251105.0-${architecture}-ebs`,
    description: 'Amazon Linux 2 AMI 2.0.20251105.0',
    ownerId: AMAZON,
    rootDevice: '/dev/xvda',
    rootGiB: 8,
    imdsV2: false,
    createdAt: 1_762_300_800_000,
  },
  {
    name: (architecture) => `amzn-ami-hvm-2018.03.0.20231218.0-${architecture}-gp2`,
    description: 'Amazon Linux AMI 2018.03.0.20231218.0',
    ownerId: AMAZON,
    rootDevice: '/dev/xvda',
    rootGiB: 8,
    imdsV2: false,
    createdAt: 1_702_857_600_000,
    architectures: ['x86_64'],
  },
  {
    name: (architecture) => `amzn2-ami-ecs-hvm-2.0.20251108-${architecture}-ebs`,
    description: 'Amazon Linux AMI 2.0.20251108 for ECS',
    ownerId: AMAZON_ECS,
    rootDevice: '/dev/xvda',
    rootGiB: 30,
    imdsV2: false,
    createdAt: 1_762_560_000_000,
  },
  {
    name: (architecture) => `al2023-ami-ecs-hvm-2023.0.20251108-kernel-6.1-${architecture}`,
    description: 'Amazon Linux AMI 2023.0.20251108 for ECS',
    ownerId: AMAZON_ECS,
    rootDevice: '/dev/xvda',
    rootGiB: 30,
    imdsV2: true,
    createdAt: 1_762_560_000_000,
  },
  {
    name: (architecture) =>
      `ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-${debianName(architecture)}-server-20251022`,
    description: 'Canonical, Ubuntu, 24.04, noble image',
    ownerId: CANONICAL,
    rootDevice: '/dev/sda1',
    rootGiB: 8,
    imdsV2: true,
    createdAt: 1_761_091_200_000,
  },
  {
    name: (architecture) =>
      `ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-${debianName(architecture)}-server-20251022`,
    description: 'Canonical, Ubuntu, 22.04, jammy image',
    ownerId: CANONICAL,
    rootDevice: '/dev/sda1',
    rootGiB: 8,
    imdsV2: false,
    createdAt: 1_761_091_200_000,
  },
  ...['1.29', '1.30', '1.31'].map((kubernetes): Release => ({
    name: (architecture) =>
      `ubuntu-eks-pro/k8s_${kubernetes}/images/hvm-ssd/ubuntu-jammy-22.04-${debianName(architecture)}-server-20251022`,
    description: `Canonical, Ubuntu Pro EKS Node OS (k8s_${kubernetes}), 22.04 LTS`,
    ownerId: CANONICAL,
    rootDevice: '/dev/sda1',
    rootGiB: 20,
    imdsV2: false,
    createdAt: 1_761_091_200_000,
  })),
  ...(
    [
      ['10', '20240703-1797', 1_719_964_800_000],
      ['11', '20251103-2285', 1_762_128_000_000],
      ['12', '20251112-2294', 1_762_905_600_000],
    ] as const
  ).map(([release, build, createdAt]): Release => ({
    name: (architecture) => `debian-${release}-${debianName(architecture)}-${build}`,
    description: `Debian ${release} (${build})`,
    ownerId: DEBIAN,
    rootDevice: '/dev/xvda',
    rootGiB: 8,
    imdsV2: false,
    createdAt,
  })),
];

const WINDOWS: WindowsLicence = { platformDetails: 'Windows', usageOperation: 'RunInstances:0002' };
/** Express needs no licence of its own. */
const SQL_SERVER: Readonly<Record<string, WindowsLicence>> = {
  Express: WINDOWS,
  Web: { platformDetails: 'Windows with SQL Server Web', usageOperation: 'RunInstances:0202' },
  Standard: { platformDetails: 'Windows with SQL Server Standard', usageOperation: 'RunInstances:0006' },
  Enterprise: { platformDetails: 'Windows with SQL Server Enterprise', usageOperation: 'RunInstances:0102' },
};
const WINDOWS_BUILD = '2025.11.12';

function windowsRelease(edition: string, description: string, windows: WindowsLicence): Release {
  return {
    name: () => `Windows_Server-${edition}-${WINDOWS_BUILD}`,
    description: `Microsoft Windows Server ${description} AMI provided by Amazon`,
    ownerId: AMAZON_WINDOWS,
    rootDevice: '/dev/sda1',
    rootGiB: edition.includes('SQL') ? 50 : 30,
    imdsV2: false,
    createdAt: 1_762_905_600_000,
    architectures: ['x86_64'],
    windows,
  };
}

/** https://docs.aws.amazon.com/ec2/latest/windows-ami-reference/windows-amis.html */
const WINDOWS_SERVERS: readonly Release[] = [
  ...['2016', '2019', '2022', '2025'].flatMap((year) => [
    windowsRelease(`${year}-English-Full-Base`, `${year} Full Locale English`, WINDOWS),
    windowsRelease(`${year}-English-Core-Base`, `${year} Core Locale English`, WINDOWS),
  ]),
  ...['2019', '2022'].flatMap((year) =>
    Object.entries(SQL_SERVER).map(([edition, licence]) =>
      windowsRelease(
        `${year}-English-Full-SQL_${year}_${edition}`,
        `${year} Full Locale English with SQL ${edition} ${year}`,
        licence,
      ),
    ),
  ),
];

const RELEASES: readonly Release[] = [...LINUX, ...WINDOWS_SERVERS];

/** A pure function of the region: read once. */
const known = new Map<string, readonly PublicImage[]>();

/** What images and instances show of their operating system. */
export function platformShown(
  windows: WindowsLicence | undefined,
): Pick<WireImage, 'Platform' | 'PlatformDetails' | 'UsageOperation'> {
  if (!windows) return { PlatformDetails: 'Linux/UNIX', UsageOperation: 'RunInstances' };
  const { platformDetails: PlatformDetails, usageOperation: UsageOperation } = windows;
  // The model's enumeration spells it `Windows`, EC2 answers `windows`.
  return { Platform: 'windows' as 'Windows', PlatformDetails, UsageOperation };
}

/** The region's public images, in the order of their ids. */
export function publicImages(ctx: Ctx): readonly PublicImage[] {
  const before = known.get(ctx.region);
  if (before) return before;
  const images = imagesOf(ctx);
  known.set(ctx.region, images);
  return images;
}

function imagesOf(ctx: Ctx): PublicImage[] {
  const images = RELEASES.flatMap((release) =>
    (release.architectures ?? BOTH).map((architecture): PublicImage => {
      const { name: nameFor, architectures: _, ...rest } = release;
      const name = nameFor(architecture);
      const digest = hex(ctx.kernel.primitives.sha256(`image ${ctx.region} ${name}`));
      const alias = AMAZONS.has(rest.ownerId) ? { ownerAlias: 'amazon' } : {};
      // Amazon names the kind of the root volume last.
      const kind: { rootKind?: VolumeKind } = name.endsWith('-gp2') ? { rootKind: 'gp2' } : {};
      return { ...rest, ...alias, ...kind, name, architecture, imageId: `ami-0${digest.slice(0, 16)}` };
    }),
  );
  return images.toSorted((left, right) => (left.imageId < right.imageId ? -1 : 1));
}
