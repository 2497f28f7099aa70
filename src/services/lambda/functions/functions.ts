// Functions: created, updated, read and deleted; the states that they go through.
// https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { notModelled } from '#cloud/refuse.ts';
import { codeLocation } from '../code-door.ts';
import { forgetEvents } from '../invocations/asynchronous.ts';
import { forgetConfigs } from '../invocations/event-invoke-configs.ts';
import { checkSize, layersOf } from '../layers/of-functions.ts';
import { conflict, functionOf, invalid, latestOf, named, staleRevision, targetOf } from '../names.ts';
import { aliases, functions, LATEST, newRevision, versionKey, versions } from '../rows.ts';
import type { Configuration, LambdaFunction, Version } from '../rows.ts';
import { creation, update } from '../timings.ts';
import { arnOf, changed, checkSettled, described, initial, listed } from './configuration.ts';
import { retireIdle } from './environments.ts';
import { checkTrust } from './execution-role.ts';
import { codeOf } from './package.ts';
import { forgetPolicies } from './permissions.ts';
import { checkRuntime } from './runtimes.ts';
import { publish } from './versions.ts';

const LONGEST_NAME = 64;
const PAGE_SIZE = 50;
const MOST_TAGS = 50;

const settleDue: TimerKind<{ key: string; generation: number }> = timer<{ key: string; generation: number }>(
  'lambda/settle-due',
);

/** Ends a creation or an update. */
export const settle: TimerHandler<{ key: string; generation: number }, Ctx> = {
  kind: settleDue,
  live: (ctx, { key, generation }) => ctx.get(versions, key)?.generation === generation,
  fire(ctx, { key }) {
    const { serving: _, ...version } = ctx.get(versions, key) as Version;
    ctx.put(versions, {
      ...version,
      active: true,
      update: 'Successful',
      revisionId: newRevision(ctx),
    });
    retireIdle(ctx, version.functionName, version.version); // Of earlier generations.
  },
};

/** Lets a version come about in its time. */
function settleLater(ctx: Ctx, version: Version): void {
  const { functionName, generation } = version;
  const key = versionKey(functionName, version.version);
  const timing = version.active ? update : creation;
  const after = ctx.duration(timing, key, version.modifiedAt);
  ctx.schedule(settleDue, ctx.now + after, { key, generation });
}

/** `$LATEST` as an update leaves it: in progress, and serving what it was until that has ended. */
function updated(owner: Ctx, fn: LambdaFunction, latest: Version, configuration: Configuration): Version {
  const generation = owner.kernel.nextSeq();
  const { configuration: before, generation: old } = latest;
  const next: Version = {
    ...latest,
    configuration,
    serving: { configuration: before, generation: old },
    generation,
    update: 'InProgress',
    revisionId: newRevision(owner),
    modifiedAt: owner.now,
  };
  owner.put(versions, next);
  owner.update(functions, fn, { generation });
  settleLater(owner, next);
  return next;
}

export const functionOperations: Operations<'lambda'> = {
  CreateFunction(ctx, input) {
    const { FunctionName, Runtime, Handler, Role, Code, PackageType = 'Zip', Tags = {}, Publish } = input;
    const { name, arn } = named(ctx, FunctionName);
    if (name.length > LONGEST_NAME) {
      throw invalid(
        `1 validation error detected: Value '${name}' at 'functionName' failed to satisfy constraint: ` +
          `Member must have length less than or equal to ${LONGEST_NAME}`,
      );
    }
    if (PackageType !== 'Zip') throw notModelled('lambda', 'CreateFunction', 'PackageType (Image)');
    if (Runtime === undefined || Handler === undefined) {
      throw invalid(
        'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
      );
    }
    if (Object.keys(Tags).length > MOST_TAGS) throw invalid('Number of tags exceeds resource tag limit.');
    layersOf(ctx, input.Layers ?? []);
    if (ctx.get(functions, name)) throw conflict(`Function already exist: ${name}`);
    checkRuntime(Runtime);
    checkTrust(ctx, Role, name);
    const code = codeOf(ctx, Code);
    const begin = initial(name, { runtime: Runtime, handler: Handler, role: Role, code });
    const whole = changed(ctx, name, begin, input);
    const configuration = { ...whole, architectures: input.Architectures ?? whole.architectures };
    const generation = ctx.kernel.nextSeq();
    const fn: LambdaFunction = { name, arn, tags: Tags, nextVersion: 1, generation };
    const latest: Version = {
      functionName: name,
      version: LATEST,
      configuration,
      generation,
      active: false,
      revisionId: newRevision(ctx),
      modifiedAt: ctx.now,
    };
    ctx.put(functions, fn);
    ctx.put(versions, latest);
    settleLater(ctx, latest);
    // The answer about a first version names the function alone, unlike those of UpdateFunctionCode and PublishVersion.
    return { ...(Publish ? published(ctx, fn, latest) : described(latest, arn)), FunctionArn: arn };
  },

  UpdateFunctionCode(ctx, input) {
    const of = named(ctx, input.FunctionName);
    const { fn, version: latest } = latestOf(of);
    if (input.RevisionId !== undefined && input.RevisionId !== latest.revisionId) throw staleRevision();
    checkSettled(latest, fn.arn);
    const { configuration } = latest;
    const architectures = input.Architectures ?? configuration.architectures;
    const code = codeOf(ctx, input);
    checkSize(ctx, code, configuration.layers ?? []);
    const next = { ...configuration, code, architectures };
    if (input.DryRun) return described({ ...latest, configuration: next }, fn.arn);
    const changedVersion = updated(of.owner, fn, latest, next);
    return input.Publish ? published(of.owner, fn, changedVersion) : described(changedVersion, fn.arn);
  },

  UpdateFunctionConfiguration(ctx, { FunctionName, RevisionId, ...settings }) {
    const of = named(ctx, FunctionName);
    const { fn, version: latest } = latestOf(of);
    if (RevisionId !== undefined && RevisionId !== latest.revisionId) throw staleRevision();
    checkSettled(latest, fn.arn);
    if (settings.Role !== undefined) checkTrust(of.owner, settings.Role, fn.name);
    const next = changed(of.owner, fn.name, latest.configuration, settings);
    return described(updated(of.owner, fn, latest, next), fn.arn);
  },

  GetFunction(ctx, { FunctionName, Qualifier }) {
    const of = named(ctx, FunctionName, Qualifier);
    const { fn, version } = targetOf(of);
    const { tags, reservedConcurrency } = fn;
    return {
      Configuration: described(version, arnOf(fn.arn, version, of.qualifier)),
      Code: { RepositoryType: 'S3', Location: codeLocation(of.owner, version) },
      // Tags are the function's and not its versions', as LocalStack's test_lambda_version recorded of AWS.
      ...(Object.keys(tags).length > 0 && version.version === LATEST ? { Tags: tags } : {}),
      ...(reservedConcurrency === undefined
        ? {}
        : { Concurrency: { ReservedConcurrentExecutions: reservedConcurrency } }),
    };
  },

  GetFunctionConfiguration(ctx, { FunctionName, Qualifier }) {
    const of = named(ctx, FunctionName, Qualifier);
    const { fn, version } = targetOf(of);
    return described(version, arnOf(fn.arn, version, of.qualifier));
  },

  ListFunctions(ctx, { FunctionVersion, Marker, MaxItems = PAGE_SIZE }) {
    const where = FunctionVersion === 'ALL' ? {} : { where: (row: Version) => row.version === LATEST };
    const { rows, next } = page(ctx, versions, { token: Marker, limit: MaxItems, ...where });
    const shown = rows.map((row) => {
      const arn = ctx.arn('lambda', `function:${row.functionName}`);
      return listed(row, FunctionVersion === 'ALL' ? `${arn}:${row.version}` : arn);
    });
    return { Functions: shown, NextMarker: next };
  },

  DeleteFunction(ctx, { FunctionName, Qualifier }) {
    const of = named(ctx, FunctionName, Qualifier);
    const fn = functionOf(of);
    const { owner, qualifier } = of;
    if (qualifier !== undefined) deleteVersion(owner, fn, qualifier);
    else deleteWhole(owner, fn);
    return { StatusCode: 204 };
  },
};

/** The version that a request creates along with `$LATEST`: it comes about when that does. */
function published(owner: Ctx, fn: LambdaFunction, latest: Version) {
  const current = owner.get(functions, fn.name) as LambdaFunction;
  const version = publish(owner, current, latest, { pending: true });
  settleLater(owner, version);
  return described(version, arnOf(fn.arn, version));
}

function deleteVersion(owner: Ctx, fn: LambdaFunction, qualifier: string): void {
  if (qualifier === LATEST) throw invalid('$LATEST version cannot be deleted without deleting the function.');
  const users = owner
    .scan(aliases, { prefix: `${fn.name}:` })
    .filter(({ version, additional }) => version === qualifier || additional?.version === qualifier)
    .map(({ name }) => name);
  if (users.length > 0) {
    throw conflict(
      `Unable to delete version because the following aliases reference it: [${users.join(', ')}]`,
    );
  }
  owner.delete(versions, versionKey(fn.name, qualifier));
  retireIdle(owner, fn.name, qualifier);
  forgetPolicies(owner, `${fn.arn}:${qualifier}`);
  forgetConfigs(owner, fn.name, qualifier);
}

/** Event source mappings stay; invocations that run go on to their end. */
function deleteWhole(owner: Ctx, { name, arn }: LambdaFunction): void {
  for (const { version } of owner.scan(versions, { prefix: `${name}:` })) {
    owner.delete(versions, versionKey(name, version));
    retireIdle(owner, name, version);
  }
  for (const alias of owner.scan(aliases, { prefix: `${name}:` })) {
    owner.delete(aliases, `${name}:${alias.name}`);
  }
  forgetPolicies(owner, arn);
  forgetConfigs(owner, name);
  forgetEvents(owner, name);
  owner.delete(functions, name);
}
