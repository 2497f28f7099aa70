// The parameters that AWS publishes in every region, as far as they name images of EC2's own catalogue here.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html

import { Fault } from '#contract/fault.ts';
import { parseIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { rootOf } from '#cloud/principal.ts';

type Image = NonNullable<Output<'ec2', 'DescribeImages'>['Images']>[number];

/** A published parameter as a reader sees it. */
export interface PublicParameter {
  readonly name: string;
  readonly value: string;
  readonly modifiedAt: number;
}

interface Published {
  readonly name: string;
  /** `Name` of the images that EC2 is asked for; the newest counts. */
  readonly images: string;
  readonly owner: string;
  /** What the parameter says of the image; its id unless it is more. */
  readonly value?: (image: Image) => string;
}

const AMAZON_LINUX = '/aws/service/ami-amazon-linux-latest';
const UBUNTU = '/aws/service/canonical/ubuntu/server';
const EKS = '/aws/service/canonical/ubuntu/eks-pro';
const DEBIAN = '/aws/service/debian/release';
const WINDOWS = '/aws/service/ami-windows-latest';
const ECS = '/aws/service/ecs/optimized-ami';

/** Owners by the alias or account that EC2 knows them by. */
const CANONICAL = '099720109477';
const DEBIANS = '136693071363';

const published: readonly Published[] = [
  ...(['x86_64', 'arm64'] as const).flatMap((architecture) => amazonLinux(architecture)),
  ...(['amd64', 'arm64'] as const).flatMap((architecture) => [
    ...ubuntu(architecture),
    ...debian(architecture),
  ]),
  ...windows(),
  ...ecs('amazon-linux-2023', 'al2023-ami-ecs-hvm-*-x86_64'),
  ...ecs('amazon-linux-2023/arm64', 'al2023-ami-ecs-hvm-*-arm64'),
  ...ecs('amazon-linux-2', 'amzn2-ami-ecs-hvm-*-x86_64-ebs'),
  ...ecs('amazon-linux-2/arm64', 'amzn2-ami-ecs-hvm-*-arm64-ebs'),
].toSorted((left, right) => (left.name < right.name ? -1 : 1));

function amazonLinux(architecture: 'x86_64' | 'arm64'): Published[] {
  const al2023 = `al2023-ami-2023.*-kernel-6.1-${architecture}`;
  const kernel510 = `amzn2-ami-kernel-5.10-hvm-2.0.*-${architecture}-gp2`;
  const kernel414 = `amzn2-ami-hvm-2.0.*-${architecture}-gp2`;
  const names: readonly (readonly [string, string])[] = [
    [`al2023-ami-kernel-6.1-${architecture}`, al2023],
    [`al2023-ami-kernel-default-${architecture}`, al2023],
    [`amzn2-ami-kernel-5.10-hvm-${architecture}-gp2`, kernel510],
    [`amzn2-ami-kernel-default-hvm-${architecture}-gp2`, kernel510],
    [`amzn2-ami-hvm-${architecture}-gp2`, kernel414],
    [`amzn2-ami-hvm-${architecture}-ebs`, `amzn2-ami-hvm-2.0.*-${architecture}-ebs`],
    [`amzn2-ami-kernel-4.14-hvm-${architecture}-gp2`, kernel414],
    ...(architecture === 'x86_64'
      ? ([['amzn-ami-hvm-x86_64-gp2', 'amzn-ami-hvm-2018.03.*-x86_64-gp2']] as const)
      : []),
  ];
  return names.map(([name, images]) => ({ name: `${AMAZON_LINUX}/${name}`, images, owner: 'amazon' }));
}

/** https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/ */
function ubuntu(architecture: 'amd64' | 'arm64'): Published[] {
  const releases = [
    ['24.04', 'noble', 'gp3'],
    ['22.04', 'jammy', 'gp2'],
  ] as const;
  const servers = releases.flatMap(([release, codename, volume]) =>
    // Either name of a release leads to the same image.
    [release, codename].map((name) => ({
      name: `${UBUNTU}/${name}/stable/current/${architecture}/hvm/ebs-${volume}/ami-id`,
      images: `ubuntu/images/hvm-ssd*/ubuntu-${codename}-${release}-${architecture}-server-*`,
      owner: CANONICAL,
    })),
  );
  const nodes = ['1.29', '1.30', '1.31'].map((kubernetes) => ({
    name: `${EKS}/22.04/${kubernetes}/stable/current/${architecture}/hvm/ebs-gp2/ami-id`,
    images: `ubuntu-eks-pro/k8s_${kubernetes}/images/hvm-ssd/ubuntu-jammy-22.04-${architecture}-server-*`,
    owner: CANONICAL,
  }));
  return [...servers, ...nodes];
}

/** https://wiki.debian.org/Cloud/AmazonEC2Image/ */
function debian(architecture: 'amd64' | 'arm64'): Published[] {
  return ['10', '11', '12'].map((release) => ({
    name: `${DEBIAN}/${release}/latest/${architecture}`,
    images: `debian-${release}-${architecture}-*`,
    owner: DEBIANS,
  }));
}

/** https://docs.aws.amazon.com/ec2/latest/windows-ami-reference/windows-amis.html */
function windows(): Published[] {
  const bases = ['2016', '2019', '2022', '2025'].flatMap((year) =>
    ['Full-Base', 'Core-Base'].map((edition) => `Windows_Server-${year}-English-${edition}`),
  );
  const databases = ['2019', '2022'].flatMap((year) =>
    ['Express', 'Web', 'Standard', 'Enterprise'].map(
      (edition) => `Windows_Server-${year}-English-Full-SQL_${year}_${edition}`,
    ),
  );
  return [...bases, ...databases].map((name) => ({
    name: `${WINDOWS}/${name}`,
    images: `${name}-*`,
    owner: 'amazon',
  }));
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html */
function ecs(path: string, images: string): Published[] {
  const common = { images, owner: 'amazon' };
  const base = `${ECS}/${path}/recommended`;
  return [
    { ...common, name: `${base}/image_id` },
    { ...common, name: `${base}/image_name`, value: ({ Name = '' }) => Name },
    {
      ...common,
      name: base,
      value: ({ ImageId, Name }) =>
        JSON.stringify({ image_id: ImageId, image_name: Name, os: 'Amazon Linux', schema_version: 1 }),
    },
  ];
}

/** The published parameter of a name. Throws where AWS has it, or may have it, and we do not. */
export function publicParameter(ctx: Ctx, name: string): PublicParameter {
  const entry = published.find((one) => one.name === name);
  if (!entry) {
    throw new Fault('NotImplemented', `The public parameter ${name} is not modelled by Sandtable.`);
  }
  return read(ctx, entry);
}

/** Published parameters below a path, in the order of their names. */
export function publicParametersBelow(ctx: Ctx, path: string, recursive: boolean): PublicParameter[] {
  const below = published
    .filter(({ name }) => name.startsWith(path))
    .filter(({ name }) => recursive || !name.slice(path.length).includes('/'));
  // Of a path that leads elsewhere it cannot be said that nothing is there.
  const known = published.some(({ name }) => name.startsWith(path) || path.startsWith(`${name}/`));
  if (!known) {
    throw new Fault('NotImplemented', `The public parameters below ${path} are not modelled by Sandtable.`);
  }
  return below.map((entry) => read(ctx, entry));
}

/** AWS keeps them; who reads a parameter needs no permission for EC2. */
function read(ctx: Ctx, { name, images, owner, value }: Published): PublicParameter {
  const found = ctx.call(
    'ec2',
    'DescribeImages',
    { Owners: [owner], Filters: [{ Name: 'name', Values: [images] }] },
    rootOf(ctx.account),
  );
  if (!found.ok) throw found.fault;
  const newest = (found.output.Images ?? []).toSorted((left, right) =>
    (left.CreationDate ?? '') < (right.CreationDate ?? '') ? 1 : -1,
  )[0];
  if (!newest)
    throw new Fault('NotImplemented', `The public parameter ${name} is not modelled by Sandtable.`);
  return {
    name,
    value: value?.(newest) ?? (newest.ImageId as string),
    modifiedAt: parseIso(newest.CreationDate ?? '') ?? 0,
  };
}
