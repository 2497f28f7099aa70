// PutParameter: checks, tiers, versions.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { fits } from '#cloud/expressions/automaton.ts';
import { javaExpression } from '#cloud/expressions/java.ts';
import { BadExpression } from '#cloud/expressions/problem.ts';
import { forwarded, principalName } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { expirationDue, expirationOf } from './expiration.ts';
import { checkName } from './names.ts';
import { DEFAULT_KEY, encrypted } from './secure-string.ts';
import { awaitedVersions, keyOf, parameters, parameterVersions, versionKey } from './tables.ts';
import type { AwaitedVersion, ParameterVersion, Tier } from './tables.ts';
import { imageValidation } from './timings.ts';

type PutInput = Input<'ssm', 'PutParameter'>;

/** Bytes; https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html */
const LARGEST_STANDARD = 4096;
const LARGEST_ADVANCED = 8192;
const MOST_VERSIONS = 100;
const IMAGE = 'aws:ec2:image';

const imageDue: TimerKind<{ id: string }> = timer<{ id: string }>('ssm/image-due');

/** EC2 is asked for the image with the permissions of whoever put the parameter; without it there is no new version. */
export const validateImage: TimerHandler<{ id: string }, Ctx> = {
  kind: imageDue,
  live: (ctx, { id }) => ctx.get(awaitedVersions, id) !== undefined,
  fire(ctx, { id }) {
    const { version, tags, by } = ctx.get(awaitedVersions, id) as AwaitedVersion;
    ctx.delete(awaitedVersions, id);
    const found = ctx.call('ec2', 'DescribeImages', { ImageIds: [version.value] }, by);
    if (!found.ok) return;
    const latest = ctx.get(parameters, keyOf(version.name))?.latest ?? 0;
    try {
      ctx.savepoint(() => store(ctx, { ...version, version: latest + 1 }, tags));
    } catch (error) {
      // What has changed since then may stand in its way; nobody waits for an answer.
      if (!(error instanceof Fault)) throw error;
    }
  },
};

export const putOperations: Operations<'ssm'> = {
  PutParameter(ctx, input) {
    const { Name, Overwrite = false, Tags } = input;
    checkName(ctx, Name);
    if (input.Value === '') {
      throw new Fault(
        'ValidationException',
        "1 validation error detected: Value '' at 'value' failed to satisfy constraint: " +
          'Member must have length greater than or equal to 1.',
      );
    }
    if (Overwrite && Tags && Tags.length > 0) {
      throw new Fault(
        'ValidationException',
        "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove " +
          'overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or ' +
          'RemoveTagsFromResource.',
      );
    }
    const before = latestOf(ctx, keyOf(Name));
    if (before && !Overwrite) {
      throw new Fault(
        'ParameterAlreadyExists',
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
      );
    }
    const version = newVersion(ctx, input, before);
    const tags = mergeTags({}, Tags);
    if (version.dataType === IMAGE) {
      const id = ctx.id('awaited-version');
      ctx.put(awaitedVersions, { id, version, tags, by: forwarded(ctx.principal, 'ssm.amazonaws.com') });
      ctx.schedule(imageDue, ctx.now + ctx.duration(imageValidation, Name, version.version), { id });
    } else {
      store(ctx, version, tags);
    }
    return { Version: version.version, Tier: version.tier };
  },
};

function latestOf(ctx: Ctx, key: string): ParameterVersion | undefined {
  const parameter = ctx.get(parameters, key);
  return parameter && ctx.get(parameterVersions, versionKey(key, parameter.latest));
}

function newVersion(ctx: Ctx, input: PutInput, before: ParameterVersion | undefined): ParameterVersion {
  const { Name, Value, Description = before?.description, Policies = before?.policies } = input;
  const type = input.Type ?? before?.type;
  if (!type)
    throw new Fault('ValidationException', 'A parameter type is required when you create a parameter.');
  const dataType = input.DataType ?? before?.dataType ?? 'text';
  checkDataType(dataType, type, Value);
  const allowedPattern = input.AllowedPattern ?? before?.allowedPattern;
  if (allowedPattern) checkPattern(allowedPattern, Value);
  if (input.KeyId !== undefined && type !== 'SecureString')
    throw new Fault('ValidationException', 'KeyId is required for SecureString type parameter only.');
  const tier = tierOf(input, before, Policies);
  const keyId = type === 'SecureString' ? (input.KeyId ?? before?.keyId ?? DEFAULT_KEY) : undefined;
  return {
    name: before?.name ?? Name,
    version: (before?.version ?? 0) + 1,
    type,
    value: keyId === undefined ? Value : encrypted(ctx, Name, Value, keyId),
    dataType,
    tier,
    labels: [],
    modifiedAt: ctx.now,
    modifiedBy: principalName(ctx.principal),
    ...(keyId === undefined ? {} : { keyId }),
    ...(Description === undefined ? {} : { description: Description }),
    ...(allowedPattern === undefined ? {} : { allowedPattern }),
    ...(Policies === undefined ? {} : { policies: Policies }),
  };
}

function checkDataType(dataType: string, type: string, value: string): void {
  if (dataType === 'aws:ssm:integration')
    throw new Fault('NotImplemented', 'The data type aws:ssm:integration is not modelled by Sandtable.');
  if (dataType !== 'text' && dataType !== IMAGE) {
    throw new Fault(
      'ValidationException',
      `The following data type is not supported: ${dataType} (Data type names are all lowercase.)`,
    );
  }
  if (dataType !== IMAGE) return;
  if (type !== 'String')
    throw new Fault('ValidationException', `The data type ${IMAGE} is for parameters of the type String.`);
  if (!/^ami-[a-z0-9]{8,17}$/.test(value))
    throw new Fault('ValidationException', `The value ${value} is not an AMI ID.`);
}

/** Java's expressions; the whole value has to match. */
function checkPattern(pattern: string, value: string): void {
  let matches: boolean;
  try {
    matches = fits(javaExpression(pattern, { dotAll: true }), value);
  } catch (error) {
    if (!(error instanceof BadExpression)) throw error;
    if (error.valid)
      throw new Fault('NotImplemented', `Sandtable does not model ${error.what} in AllowedPattern.`);
    throw new Fault(
      'InvalidAllowedPatternException',
      'The request does not meet the regular expression requirement.',
    );
  }
  if (!matches) {
    throw new Fault(
      'ParameterPatternMismatchException',
      `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
    );
  }
}

function tierOf(input: PutInput, before: ParameterVersion | undefined, policies: string | undefined): Tier {
  const sizeBytes = utf8(input.Value).length;
  const asked = input.Tier ?? before?.tier ?? 'Standard';
  if (asked === 'Standard' && before?.tier === 'Advanced') {
    throw new Fault(
      'ValidationException',
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter " +
        'tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as ' +
        'a standard parameter.',
    );
  }
  const needsMore = sizeBytes > LARGEST_STANDARD || (policies !== undefined && policies !== '[]');
  const tier =
    asked !== 'Intelligent-Tiering'
      ? asked
      : needsMore || before?.tier === 'Advanced'
        ? 'Advanced'
        : 'Standard';
  const largest = tier === 'Standard' ? LARGEST_STANDARD : LARGEST_ADVANCED;
  if (sizeBytes > largest) {
    throw new Fault(
      'ValidationException',
      tier === 'Standard'
        ? 'Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter ' +
            'value, upgrade the parameter to use the advanced-parameter tier. For more information, see ' +
            'https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html'
        : 'Advanced tier parameters support a maximum parameter value of 8192 characters.',
    );
  }
  if (tier === 'Standard' && needsMore)
    throw new Fault('ValidationException', 'Parameter policies need the advanced-parameter tier.');
  return tier;
}

/** Makes a version the latest one. The oldest of a hundred has to go, unless it is labelled. */
function store(ctx: Ctx, version: ParameterVersion, tags: Tags): void {
  const key = keyOf(version.name);
  const versions = ctx.scan(parameterVersions, { prefix: `${key}:` });
  const oldest = versions[0];
  if (oldest && versions.length >= MOST_VERSIONS) {
    if (oldest.labels.length > 0) {
      throw new Fault(
        'ParameterMaxVersionLimitExceeded',
        `You attempted to create a new version of ${version.name} by calling the PutParameter API with the overwrite ` +
          `flag. Version ${oldest.version}, the oldest version, can't be deleted because it has a label associated ` +
          'with it. Move the label to another version of the parameter, and try again.',
      );
    }
    ctx.delete(parameterVersions, versionKey(key, oldest.version));
  }
  const expiresAt = version.policies === undefined ? undefined : expirationOf(ctx, version.policies);
  const parameter = ctx.get(parameters, key);
  ctx.put(parameterVersions, version);
  ctx.put(parameters, {
    key,
    latest: version.version,
    tags: parameter?.tags ?? tags,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  if (expiresAt !== undefined) ctx.schedule(expirationDue, expiresAt, { key, expiresAt });
}
