// Reading parameters: by name, by path, their history and their description.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { page, pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { inlinePolicies } from './expiration.ts';
import { belowPath, checkPath, described, isBelow } from './filters.ts';
import { arnOf, asked, isPublic, parameterArn } from './names.ts';
import type { Asked } from './names.ts';
import { publicParameter, publicParametersBelow } from './public-parameters.ts';
import type { PublicParameter } from './public-parameters.ts';
import { valueOf } from './secure-string.ts';
import { keyOf, parameters, parameterVersions, versionKey } from './tables.ts';
import type { Parameter, ParameterVersion } from './tables.ts';

type Shown = NonNullable<Output<'ssm', 'GetParameter'>['Parameter']>;

const BY_PATH_PAGE = 10;
const DESCRIBED_PAGE = 10;
const HISTORY_PAGE = 50;

const invalidToken = (): Fault => new Fault('InvalidNextToken', 'The specified token is not valid.');

/** AWS says no more than the name of the error. */
const notFound = (): Fault => new Fault('ParameterNotFound', '');

function show(ctx: Ctx, version: ParameterVersion, selector: string, withDecryption: boolean): Shown {
  return {
    Name: version.name,
    Type: version.type,
    Value: valueOf(ctx, version, withDecryption),
    Version: version.version,
    Selector: selector === '' ? undefined : selector,
    LastModifiedDate: version.modifiedAt,
    ARN: parameterArn(ctx, keyOf(version.name)),
    DataType: version.dataType,
  };
}

function showPublic(ctx: Ctx, { name, value, modifiedAt }: PublicParameter): Shown {
  return {
    Name: name,
    Type: 'String',
    Value: value,
    Version: 1,
    LastModifiedDate: modifiedAt,
    ARN: arnOf(ctx, name),
    DataType: 'text',
  };
}

/** The version that is asked for. Throws where the parameter or the version is not there. */
function versionOf(ctx: Ctx, { key, selector }: Asked): ParameterVersion {
  const parameter = ctx.get(parameters, key);
  if (!parameter) throw notFound();
  if (selector === '')
    return ctx.get(parameterVersions, versionKey(key, parameter.latest)) as ParameterVersion;
  const wanted = selector.slice(1);
  const isNumber = /^\d{1,12}$/.test(wanted);
  const found = isNumber
    ? ctx.get(parameterVersions, versionKey(key, Number(wanted)))
    : labelled(ctx, key, wanted);
  if (found) return found;
  throw new Fault(
    'ParameterVersionNotFound',
    `Systems Manager could not find ${isNumber ? 'version' : 'label'} ${wanted} of ${nameOf(ctx, parameter)}. Verify the ` +
      `${isNumber ? 'version' : 'label'} and try again.`,
  );
}

function nameOf(ctx: Ctx, { key, latest }: Parameter): string {
  return (ctx.get(parameterVersions, versionKey(key, latest)) as ParameterVersion).name;
}

function labelled(ctx: Ctx, key: string, label: string): ParameterVersion | undefined {
  return ctx.scan(parameterVersions, { prefix: `${key}:` }).find(({ labels }) => labels.includes(label));
}

function read(ctx: Ctx, name: string, withDecryption: boolean): Shown {
  const wanted = asked(ctx, name);
  if (!wanted) throw notFound();
  if (!isPublic(wanted.key)) {
    const shown = show(ctx, versionOf(ctx, wanted), wanted.selector, withDecryption);
    // The name as it was asked for: with a slash before it or without one.
    return name.startsWith('/') ? { ...shown, Name: wanted.key } : shown;
  }
  if (wanted.selector !== '')
    throw new Fault('NotImplemented', 'Versions of public parameters are not modelled by Sandtable.');
  return showPublic(ctx, publicParameter(ctx, wanted.key));
}

export const readingOperations: Operations<'ssm'> = {
  GetParameter(ctx, { Name, WithDecryption = false }) {
    return { Parameter: read(ctx, Name, WithDecryption) };
  },

  GetParameters(ctx, { Names, WithDecryption = false }) {
    const Parameters: Shown[] = [];
    const InvalidParameters: string[] = [];
    for (const name of new Set(Names)) {
      try {
        Parameters.push(read(ctx, name, WithDecryption));
      } catch (error) {
        const absent = error instanceof Fault && /^Parameter(Version)?NotFound$/.test(error.shape);
        if (!absent) throw error;
        InvalidParameters.push(name);
      }
    }
    return { Parameters, InvalidParameters };
  },

  GetParametersByPath(ctx, input) {
    const { Path, Recursive = false, ParameterFilters = [], WithDecryption = false } = input;
    const request = { token: input.NextToken, limit: input.MaxResults ?? BY_PATH_PAGE, invalidToken };
    const where = belowPath(ParameterFilters);
    if (isPublic(`${Path}/`)) {
      if (ParameterFilters.length > 0)
        throw new Fault('NotImplemented', 'Filters of public parameters are not modelled by Sandtable.');
      const below = publicParametersBelow(ctx, Path.endsWith('/') ? Path : `${Path}/`, Recursive);
      const { items, next } = pageOf(below, ({ name }) => name, request);
      return { Parameters: items.map((one) => showPublic(ctx, one)), NextToken: next };
    }
    checkPath(Path);
    const labels = ParameterFilters.find(({ Key }) => Key === 'Label')?.Values;
    const chosen = (parameter: Parameter): ParameterVersion | undefined =>
      labels
        ? ctx
            .scan(parameterVersions, { prefix: `${parameter.key}:` })
            .find((version) => labels.some((label) => version.labels.includes(label)))
        : ctx.get(parameterVersions, versionKey(parameter.key, parameter.latest));
    const { rows, next } = page(ctx, parameters, {
      ...request,
      prefix: Path.endsWith('/') ? Path : `${Path}/`,
      where(parameter) {
        const version = isBelow(parameter.key, Path, Recursive) ? chosen(parameter) : undefined;
        return version !== undefined && where({ parameter, version });
      },
    });
    return {
      Parameters: rows.map((row) => show(ctx, chosen(row) as ParameterVersion, '', WithDecryption)),
      NextToken: next,
    };
  },

  GetParameterHistory(ctx, { Name, WithDecryption = false, MaxResults = HISTORY_PAGE, NextToken }) {
    const wanted = asked(ctx, Name);
    const parameter = wanted && ctx.get(parameters, wanted.key);
    if (!parameter) throw notFound();
    const { rows, next } = page(ctx, parameterVersions, {
      token: NextToken,
      limit: MaxResults,
      prefix: `${parameter.key}:`,
      invalidToken,
    });
    const Parameters = rows.map((version) => ({
      ...metadata(version),
      Value: valueOf(ctx, version, WithDecryption),
      Labels: version.labels,
    }));
    return { Parameters, NextToken: next };
  },

  DescribeParameters(ctx, input) {
    const where = described(input);
    const latest = ({ key, latest: number }: Parameter): ParameterVersion =>
      ctx.get(parameterVersions, versionKey(key, number)) as ParameterVersion;
    const { rows, next } = page(ctx, parameters, {
      token: input.NextToken,
      limit: input.MaxResults ?? DESCRIBED_PAGE,
      where: (parameter) => where({ parameter, version: latest(parameter) }),
      invalidToken,
    });
    const Parameters = rows.map((parameter) => ({
      ...metadata(latest(parameter)),
      ARN: parameterArn(ctx, parameter.key),
    }));
    return { Parameters, NextToken: next };
  },
};

function metadata(version: ParameterVersion) {
  return {
    Name: version.name,
    Type: version.type,
    KeyId: version.keyId,
    LastModifiedDate: version.modifiedAt,
    LastModifiedUser: version.modifiedBy,
    Description: version.description,
    AllowedPattern: version.allowedPattern,
    Version: version.version,
    Tier: version.tier,
    Policies: inlinePolicies(version.policies),
    DataType: version.dataType,
  };
}
