// `AWS::CloudFormation::Init`: what cfn-init does on a machine, in its order.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-init.html

export interface InitService {
  readonly name: string;
  /** Nothing: left as it is. */
  readonly running?: boolean;
  readonly enabled?: boolean;
  /** Files whose change restarts it. */
  readonly files: readonly string[];
}

export type InitStep =
  | { readonly kind: 'packages'; readonly manager: string; readonly names: readonly string[] }
  | { readonly kind: 'entries'; readonly what: 'groups' | 'users' | 'sources'; readonly count: number }
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | {
      readonly kind: 'command';
      readonly name: string;
      readonly words: readonly string[] | string;
      readonly test?: string;
      readonly ignoresErrors: boolean;
    }
  | { readonly kind: 'service'; readonly service: InitService };

/** What keeps cfn-init from beginning. */
export class InitError extends Error {
  override readonly name = 'InitError';
}

type Fields = Readonly<Record<string, unknown>>;

const INIT = 'AWS::CloudFormation::Init';
/** "cfn-init … rpm, yum/apt/zypper, and then rubygems and python." */
const MANAGERS = ['rpm', 'yum', 'apt', 'zypper', 'rubygems', 'python', 'msi'];

/** The steps of the named configsets. `metadata`: JSON text. Throws `InitError` in cfn-init's words. */
export function initSteps(metadata: string, configSets: readonly string[]): InitStep[] {
  const all = fieldsIn(JSON.parse(metadata) as unknown, INIT);
  if (!all) throw new InitError(`Could not find '${INIT}' key in template metadata`);
  const sets = fieldsIn(all, 'configSets') ?? { default: ['config'] };
  return configSets.flatMap((name) => configsOf(sets, name, [])).flatMap((name) => stepsOf(all, name));
}

function configsOf(sets: Fields, name: string, within: readonly string[]): string[] {
  if (!Object.hasOwn(sets, name)) throw new InitError(`Error: no ConfigSet named ${name} exists`);
  if (within.includes(name)) throw new InitError(`Error: ConfigSet ${name} contains itself`);
  const members = sets[name];
  return (Array.isArray(members) ? members : [members]).flatMap((member: unknown) => {
    const inner = isFields(member) ? member['ConfigSet'] : undefined;
    return inner === undefined ? [String(member)] : configsOf(sets, String(inner), [...within, name]);
  });
}

function stepsOf(all: Fields, name: string): InitStep[] {
  const config = fieldsIn(all, name);
  if (!config) throw new InitError(`Error: no Config named ${name} exists`);
  const packages = fieldsIn(config, 'packages') ?? {};
  const counted = (what: 'groups' | 'users' | 'sources'): InitStep[] => {
    const count = Object.keys(fieldsIn(config, what) ?? {}).length;
    return count === 0 ? [] : [{ kind: 'entries', what, count }];
  };
  return [
    ...MANAGERS.flatMap((manager): InitStep[] => {
      const names = Object.keys(fieldsIn(packages, manager) ?? {});
      return names.length === 0 ? [] : [{ kind: 'packages', manager, names }];
    }),
    ...counted('groups'),
    ...counted('users'),
    ...counted('sources'),
    ...files(config),
    ...commands(config),
    ...services(config),
  ];
}

function files(config: Fields): InitStep[] {
  return Object.entries(fieldsIn(config, 'files') ?? {}).map(([path, file]) => {
    const content = isFields(file) ? file['content'] : undefined;
    const text = content === undefined ? '' : typeof content === 'string' ? content : JSON.stringify(content);
    return { kind: 'file', path, text };
  });
}

/** "Commands are processed in alphabetical order by name." */
function commands(config: Fields): InitStep[] {
  const all = fieldsIn(config, 'commands') ?? {};
  return Object.keys(all)
    .toSorted()
    .map((name): InitStep => {
      const { command, test, ignoreErrors } = fieldsIn(all, name) ?? {};
      return {
        kind: 'command',
        name,
        words: Array.isArray(command) ? command.map(String) : String(command ?? ''),
        ignoresErrors: truth(ignoreErrors) ?? false,
        ...(typeof test === 'string' ? { test } : {}),
      };
    });
}

function services(config: Fields): InitStep[] {
  return Object.values(fieldsIn(config, 'services') ?? {}).flatMap((manager) =>
    Object.entries(isFields(manager) ? manager : {}).map(([name, given]): InitStep => {
      const { ensureRunning, enabled, files: watched } = isFields(given) ? given : {};
      const [running, starts] = [truth(ensureRunning), truth(enabled)];
      const service = {
        name: name.replace(/\.service$/, ''),
        files: Array.isArray(watched) ? watched.map(String) : typeof watched === 'string' ? [watched] : [],
        ...(running === undefined ? {} : { running }),
        ...(starts === undefined ? {} : { enabled: starts }),
      };
      return { kind: 'service', service };
    }),
  );
}

/** Templates write truth values as texts, too. */
function truth(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return value === undefined ? undefined : /^(true|yes|1)$/i.test(String(value));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsIn(value: unknown, name: string): Fields | undefined {
  const inner = isFields(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return isFields(inner) ? inner : undefined;
}
