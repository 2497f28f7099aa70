// How much of a machine a task asks for, and the sizes that Fargate has.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size

import { clientError } from '../faults.ts';

/** CPU units, and the megabytes that go with them: first, last and the step between. */
const FARGATE_SIZES: Readonly<Record<number, readonly [number, number, number]>> = {
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16_384: [32_768, 122_880, 8192],
};
const SMALLEST = { cpu: 256, memory: [512, 1024, 2048] } as const;

/** CPU units of `256` or `.25 vCPU`. */
export function cpuUnits(text: string): number {
  const [, value = '', unit] = /^\s*(\d*\.?\d+)\s*(vcpus?)?\s*$/i.exec(text) ?? [];
  const units = Number(value) * (unit === undefined ? 1 : 1024);
  if (value === '' || !Number.isInteger(units)) throw clientError(`Invalid 'cpu' setting for task: ${text}`);
  return units;
}

/** Megabytes of `512` or `0.5 GB`. */
export function megabytes(text: string): number {
  const [, value = '', unit] = /^\s*(\d*\.?\d+)\s*(gb)?\s*$/i.exec(text) ?? [];
  const found = Number(value) * (unit === undefined ? 1 : 1024);
  if (value === '' || !Number.isInteger(found))
    throw clientError(`Invalid 'memory' setting for task: ${text}`);
  return found;
}

export function fitsFargate(cpu: number, memory: number): boolean {
  if (cpu === SMALLEST.cpu) return SMALLEST.memory.some((one) => one === memory);
  const size = Object.hasOwn(FARGATE_SIZES, cpu) ? FARGATE_SIZES[cpu] : undefined;
  if (!size) return false;
  const [least, most, step] = size;
  return memory >= least && memory <= most && (memory - least) % step === 0;
}
