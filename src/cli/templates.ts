// Templates as the user gives them: a file, a folder of them, or a CDK app's output; and what goes with them on the command line.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { UserError } from '#cloud/user-error.ts';
import type { StackRequest } from '#rehearsal/stacks.ts';
import { assembly } from './cdk-assembly.ts';
import type { Asset } from './cdk-assembly.ts';
import type { CommandOption, Values } from './command.ts';

const TEMPLATE_ENDINGS: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json', '.template']);

export const templateOptions: Readonly<Record<string, CommandOption>> = {
  parameters: {
    type: 'string',
    value: 'K=V… | FILE.json',
    help: 'parameters of the template, as pairs or as a file of AWS’s forms',
    many: /^[A-Za-z][\w:]*=/,
  },
  tags: { type: 'string', value: 'K=V…', help: 'tags of the stack and its resources', many: /^[^-=][^=]*=/ },
  capabilities: {
    type: 'string',
    value: 'NAME…',
    help: 'CAPABILITY_IAM, CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND',
    many: /^CAPABILITY_/,
  },
  'change-set': { type: 'boolean', help: 'go through a change set, and show what it will do' },
};

/** What is to be put up, in order. */
export interface Staged {
  readonly stacks: readonly StackRequest[];
  /** Files that have to be in S3 first. */
  readonly assets: readonly Asset[];
}

/** Reads a template, all templates of a folder, or the folder that `cdk synth` makes. Throws `UserError`. */
export function templatesAt(path: string, values: Values): Staged {
  const name = values.text('stack-name');
  const options = stackOptions(values);
  if (!existsSync(path)) {
    throw new UserError('no-template', `There is no template or folder ${path}.`, {
      hint: 'Give a CloudFormation template, a folder of them, or a cdk.out folder.',
    });
  }
  if (!statSync(path).isDirectory()) return { stacks: [stackOf(path, name, options)], assets: [] };
  if (existsSync(join(path, 'manifest.json'))) {
    const { stacks, assets } = assembly(path);
    return { stacks: stacks.map((stack) => withOptions(stack, options)), assets };
  }
  const files = readdirSync(path)
    .filter((file) => TEMPLATE_ENDINGS.has(extname(file)) && statSync(join(path, file)).isFile())
    .toSorted();
  if (files.length === 0) {
    throw new UserError('no-template', `The folder ${path} holds no template.`, {
      hint: `Templates end in ${[...TEMPLATE_ENDINGS].join(', ')}.`,
    });
  }
  if (name !== undefined && files.length > 1) {
    throw new UserError(
      'one-name',
      `--stack-name ${name} is for one template; ${path} holds ${files.length}.`,
      {
        hint: 'Leave it out: stacks are named after their files.',
      },
    );
  }
  return { stacks: files.map((file) => stackOf(join(path, file), name, options)), assets: [] };
}

/** One template as a stack, named after its file unless told otherwise. */
export function stackOf(
  path: string,
  name: string | undefined,
  options: Omit<StackRequest, 'name' | 'templateBody'>,
): StackRequest {
  const stackName = name ?? stackNameFrom(path);
  if (!/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(stackName)) {
    throw new UserError('bad-stack-name', `${JSON.stringify(stackName)} is no name for a stack.`, {
      hint: 'Letters, digits and hyphens, beginning with a letter: give one with --stack-name.',
    });
  }
  return { name: stackName, templateBody: textOf(path), ...options };
}

function stackNameFrom(path: string): string {
  const stem = basename(path).replace(/\.(template\.)?(ya?ml|json|template)$/, '');
  return stem.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^[^A-Za-z]+|-+$/g, '') || 'stack';
}

/** What the command line says of stacks. */
export function stackOptions(
  values: Values,
  parameters: string = 'parameters',
): Omit<StackRequest, 'name' | 'templateBody'> {
  return {
    parameters: parametersIn(values.all(parameters), parameters),
    tags: Object.fromEntries(values.all('tags').map((text) => pairIn(text, 'tags'))),
    capabilities: values.all('capabilities'),
    changeSet: values.flag('change-set'),
  };
}

/** A CDK stack says itself what it needs; parameters of the command line are for all stacks that have them. */
function withOptions(
  stack: StackRequest,
  options: Omit<StackRequest, 'name' | 'templateBody'>,
): StackRequest {
  const { Parameters = {} } = JSON.parse(stack.templateBody) as { Parameters?: Record<string, unknown> };
  const given = Object.entries(options.parameters).filter(([key]) => Object.hasOwn(Parameters, key));
  return {
    ...stack,
    parameters: { ...stack.parameters, ...Object.fromEntries(given) },
    tags: { ...stack.tags, ...options.tags },
    changeSet: options.changeSet,
  };
}

/** `A=1`, or files in the forms that AWS's tools take. */
function parametersIn(given: readonly string[], option: string): Record<string, string> {
  return Object.fromEntries(
    given.flatMap((text) => (/^[A-Za-z][\w:]*=/.test(text) ? [pairIn(text, option)] : pairsIn(text, option))),
  );
}

function pairIn(text: string, option: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new UserError('bad-pair', `--${option} takes NAME=VALUE; it was ${JSON.stringify(text)}.`, {
    hint: `Try --${option} Name=value Other="a value with blanks".`,
  });
}

/** `[{"ParameterKey", "ParameterValue"}]`, `{"Parameters": {…}}`, `["K=V"]` or a plain object. */
function pairsIn(file: string, option: string): [string, string][] {
  if (!file.endsWith('.json')) return [pairIn(file, option)];
  const bad = (why: string): UserError =>
    new UserError('bad-parameter-file', `--${option} ${file}: ${why}.`, {
      hint: 'Write [{"ParameterKey": "Size", "ParameterValue": "2"}] or {"Size": "2"}.',
    });
  let given: unknown;
  try {
    given = JSON.parse(textOf(file));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw bad(`is not JSON: ${(error as Error).message}`);
  }
  if (Array.isArray(given)) {
    return given.map((entry: unknown) => {
      if (typeof entry === 'string') return pairIn(entry, option);
      const { ParameterKey, ParameterValue } = (entry ?? {}) as Record<string, unknown>;
      if (typeof ParameterKey !== 'string' || !isPlain(ParameterValue))
        throw bad(`has an entry without ParameterKey or ParameterValue: ${JSON.stringify(entry)}`);
      return [ParameterKey, String(ParameterValue)];
    });
  }
  const { Parameters = given } = (given ?? {}) as Record<string, unknown>;
  if (typeof Parameters !== 'object' || Parameters === null) throw bad('holds no parameters');
  return Object.entries(Parameters).map(([key, value]) => {
    if (!isPlain(value)) throw bad(`gives ${key} a value that is no text: ${JSON.stringify(value)}`);
    return [key, String(value)];
  });
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** Throws `UserError` where a file cannot be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError('unreadable', `${path} cannot be read: ${(error as Error).message}.`, {
      hint: 'Give the path of a file.',
    });
  }
}
