// Public images: a small catalogue. Names follow their publishers' patterns; ids are stable for each region
// and are not AWS's.

import { hex } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Architecture } from './instance-types.ts';

export interface PublicImage {
  readonly imageId: string;
  readonly name: string;
  readonly description: string;
  readonly ownerId: string;
  readonly ownerAlias?: string;
  readonly architecture: Architecture;
  readonly rootDevice: string;
  readonly rootGiB: number;
  readonly imdsV2: boolean;
  readonly createdAt: number;
}

/**
 * Publishers' accounts: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html,
 * https://documentation.ubuntu.com/aws/
 */
const AMAZON = '137112412989';
const AMAZON_ECS = '591542846629';
const CANONICAL = '099720109477';

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
}

const RELEASES: readonly Release[] = [
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
      `ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-${architecture === 'x86_64' ? 'amd64' : architecture}-server-20251022`,
    description: 'Canonical, Ubuntu, 24.04, noble image',
    ownerId: CANONICAL,
    rootDevice: '/dev/sda1',
    rootGiB: 8,
    imdsV2: true,
    createdAt: 1_761_091_200_000,
  },
  {
    name: (architecture) =>
      `ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-${architecture === 'x86_64' ? 'amd64' : architecture}-server-20251022`,
    description: 'Canonical, Ubuntu, 22.04, jammy image',
    ownerId: CANONICAL,
    rootDevice: '/dev/sda1',
    rootGiB: 8,
    imdsV2: false,
    createdAt: 1_761_091_200_000,
  },
];

/** The region's public images, in the order of their ids. */
export function publicImages(ctx: Ctx): PublicImage[] {
  const images = RELEASES.flatMap((release) =>
    (release.architectures ?? BOTH).map((architecture): PublicImage => {
      const { name: nameFor, architectures: _, ...rest } = release;
      const name = nameFor(architecture);
      const digest = hex(ctx.kernel.primitives.sha256(`image ${ctx.region} ${name}`));
      const alias = rest.ownerId === CANONICAL ? {} : { ownerAlias: 'amazon' };
      return { ...rest, ...alias, name, architecture, imageId: `ami-0${digest.slice(0, 16)}` };
    }),
  );
  return images.toSorted((left, right) => (left.imageId < right.imageId ? -1 : 1));
}
