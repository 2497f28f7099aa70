// Labels: names for versions of a parameter.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { keyOf, parameters, parameterVersions, versionKey } from './tables.ts';
import type { ParameterVersion } from './tables.ts';

const MOST_LABELS = 10;

function versionOf(ctx: Ctx, name: string, number?: number): ParameterVersion {
  const parameter = ctx.get(parameters, keyOf(name));
  if (!parameter) throw new Fault('ParameterNotFound', '');
  const version = number ?? parameter.latest;
  const found = ctx.get(parameterVersions, versionKey(parameter.key, version));
  if (found) return found;
  throw new Fault(
    'ParameterVersionNotFound',
    `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`,
  );
}

const isValid = (label: string): boolean => /^(?!aws|ssm|\d)[A-Za-z0-9_.-]{1,100}$/i.test(label);

export const labelOperations: Operations<'ssm'> = {
  LabelParameterVersion(ctx, { Name, ParameterVersion: number, Labels }) {
    const version = versionOf(ctx, Name, number);
    const InvalidLabels = Labels.filter((label) => !isValid(label));
    const labels = [...new Set([...version.labels, ...Labels.filter(isValid)])];
    if (labels.length > MOST_LABELS) {
      throw new Fault(
        'ParameterVersionLabelLimitExceeded',
        'A parameter version can have maximum 10 labels. Move one or more labels to another version and try again.',
      );
    }
    // A label belongs to one version: it moves.
    for (const other of ctx.scan(parameterVersions, { prefix: `${keyOf(Name)}:` })) {
      const kept = other.labels.filter((label) => !labels.includes(label));
      if (other.version !== version.version && kept.length < other.labels.length)
        ctx.update(parameterVersions, other, { labels: kept });
    }
    ctx.update(parameterVersions, version, { labels });
    return { InvalidLabels, ParameterVersion: version.version };
  },

  UnlabelParameterVersion(ctx, { Name, ParameterVersion: number, Labels }) {
    const version = versionOf(ctx, Name, number);
    const RemovedLabels = Labels.filter((label) => version.labels.includes(label));
    ctx.update(parameterVersions, version, {
      labels: version.labels.filter((label) => !RemovedLabels.includes(label)),
    });
    return { RemovedLabels, InvalidLabels: Labels.filter((label) => !RemovedLabels.includes(label)) };
  },
};
