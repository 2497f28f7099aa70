// What kinds of EBS volumes there are: sizes and speeds that they may have.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html

import { Fault } from '#contract/fault.ts';

export type VolumeKind = 'gp2' | 'gp3' | 'io1' | 'io2' | 'st1' | 'sc1' | 'standard';

interface Facts {
  readonly sizeGiB: readonly [smallest: number, largest: number];
  /** Whether a request says how many operations a second it has. */
  readonly provisioned: 'never' | 'may' | 'must';
}

const KINDS: Readonly<Record<VolumeKind, Facts>> = {
  gp2: { sizeGiB: [1, 16_384], provisioned: 'never' },
  gp3: { sizeGiB: [1, 65_536], provisioned: 'may' },
  io1: { sizeGiB: [4, 16_384], provisioned: 'must' },
  io2: { sizeGiB: [4, 65_536], provisioned: 'must' },
  st1: { sizeGiB: [125, 16_384], provisioned: 'never' },
  sc1: { sizeGiB: [125, 16_384], provisioned: 'never' },
  standard: { sizeGiB: [1, 1024], provisioned: 'never' },
};

const GP3_IOPS = 3000;
const GP3_THROUGHPUT = 125;

export function checkSize(kind: VolumeKind, sizeGiB: number): void {
  const [smallest, largest] = KINDS[kind].sizeGiB;
  const volume = `Volume of ${sizeGiB}GiB is too`;
  if (sizeGiB < smallest) {
    const text = `${volume} small for volume type ${kind}; minimum is ${smallest}GiB.`;
    throw new Fault('InvalidParameterValue', text);
  }
  if (sizeGiB > largest) {
    const text = `${volume} large for volume type ${kind}; maximum is ${largest}GiB.`;
    throw new Fault('InvalidParameterValue', text);
  }
}

/**
 * Of a volume that becomes one of this kind.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVolume.html (`Iops`)
 */
export function defaultIops(kind: VolumeKind): number | undefined {
  return KINDS[kind].provisioned === 'never' ? undefined : GP3_IOPS;
}

/** Operations a second, and MiB/s for gp3: as asked for, or what the kind has by itself. */
export function performanceOf(
  kind: VolumeKind,
  sizeGiB: number,
  iops: number | undefined,
  throughput: number | undefined,
): { iops?: number; throughput?: number } {
  const { provisioned } = KINDS[kind];
  if (provisioned === 'must' && iops === undefined) {
    const text = `The parameter iops must be specified for ${kind} volumes.`;
    throw new Fault('MissingParameter', text);
  }
  if (provisioned === 'never' && iops !== undefined) {
    const text = `The parameter iops is not supported for ${kind} volumes.`;
    throw new Fault('InvalidParameterCombination', text);
  }
  if (kind !== 'gp3' && throughput !== undefined) {
    const text = `The parameter throughput is not supported for ${kind} volumes.`;
    throw new Fault('InvalidParameterCombination', text);
  }
  if (kind === 'gp3') return { iops: iops ?? GP3_IOPS, throughput: throughput ?? GP3_THROUGHPUT };
  if (kind === 'gp2') return { iops: Math.max(100, Math.min(3 * sizeGiB, 16_000)) };
  return iops === undefined ? {} : { iops };
}
