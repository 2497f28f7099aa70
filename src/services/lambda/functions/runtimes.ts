// Runtimes: which may be used, and which AWS takes no more.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html

import { hex } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { invalid } from '../names.ts';

/** In the order in which AWS's own error lists them. */
const SUPPORTED: readonly string[] = [
  'nodejs20.x',
  'python3.14',
  'provided.al2023',
  'python3.12',
  'python3.13',
  'nodejs24.x',
  'nodejs22.x',
  'java25',
  'python3.10',
  'python3.11',
  'java21',
  'ruby3.3',
  'ruby3.4',
  'ruby3.2',
  'python3.8',
  'python3.9',
  'java17',
  'nodejs16.x',
  'dotnet10',
  'dotnet8',
  'java11',
  'dotnet6',
  'nodejs18.x',
  'provided.al2',
  'java8.al2',
];

/** Known to the API, and refused. */
const RETIRED = new Set([
  'nodejs',
  'nodejs4.3',
  'nodejs4.3-edge',
  'nodejs6.10',
  'nodejs8.10',
  'nodejs10.x',
  'nodejs12.x',
  'nodejs14.x',
  'java8',
  'python2.7',
  'python3.6',
  'python3.7',
  'dotnetcore1.0',
  'dotnetcore2.0',
  'dotnetcore2.1',
  'dotnetcore3.1',
  'go1.x',
  'ruby2.5',
  'ruby2.7',
  'provided',
]);

export function checkRuntime(runtime: string): void {
  if (SUPPORTED.includes(runtime)) return;
  if (RETIRED.has(runtime)) {
    throw invalid(
      `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. ` +
        'We recommend you use a supported runtime while creating or updating functions.',
    );
  }
  throw invalid(
    `Value ${runtime} at 'runtime' failed to satisfy constraint: ` +
      `Member must satisfy enum value set: [${SUPPORTED.join(', ')}] or be a valid ARN`,
  );
}

/** Which version of a runtime functions get. Here each has one, for good. */
export function runtimeVersionOf(ctx: Ctx, runtime: string): string {
  return hex(ctx.kernel.primitives.sha256(runtime));
}

/** As the functions of a region show it. */
export function runtimeVersionArn(functionArn: string, runtimeVersion: string): string {
  const [, partition, , region] = functionArn.split(':');
  return `arn:${partition}:lambda:${region}::runtime:${runtimeVersion}`;
}
