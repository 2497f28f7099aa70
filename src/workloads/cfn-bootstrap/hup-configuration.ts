// The files in which cfn-hup is told what to watch.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-hup.html

const HUP_CONF = '/etc/cfn/cfn-hup.conf';
const HOOKS_CONF = '/etc/cfn/hooks.conf';
const HOOKS_FOLDER = '/etc/cfn/hooks.d/';

export interface Hook {
  readonly name: string;
  readonly triggers: readonly string[];
  readonly resource: string;
  /** Within the resource's metadata; nothing for its physical id. */
  readonly metadataPath?: string;
  readonly action: string;
}

export interface HupConfiguration {
  readonly stack: string;
  readonly region: string;
  readonly role?: string;
  readonly intervalMs: number;
  readonly hooks: readonly Hook[];
}

const DEFAULT_REGION = 'us-east-1';
const DEFAULT_INTERVAL_MINUTES = 15;
const MINUTE_MS = 60_000;

/** Nothing where the files do not make cfn-hup run: without a stack it ends at once. */
export function readHupConfiguration(files: ReadonlyMap<string, string>): HupConfiguration | undefined {
  const main = sections(files.get(HUP_CONF) ?? '').find(({ name }) => name === 'main')?.values ?? {};
  const { stack, region = DEFAULT_REGION, role, interval } = main;
  if (stack === undefined || stack === '') return undefined;
  const minutes = interval === undefined ? DEFAULT_INTERVAL_MINUTES : Number(interval);
  const paths = [...files.keys()].filter((path) => path === HOOKS_CONF || isHookFile(path)).toSorted();
  return {
    stack,
    region,
    ...(role === undefined ? {} : { role }),
    intervalMs: (Number.isInteger(minutes) && minutes > 0 ? minutes : DEFAULT_INTERVAL_MINUTES) * MINUTE_MS,
    hooks: paths.flatMap((path) => sections(files.get(path) ?? '')).flatMap(hookOf),
  };
}

function isHookFile(path: string): boolean {
  return path.startsWith(HOOKS_FOLDER) && path.endsWith('.conf');
}

interface Section {
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Lines that begin with a blank go on with the one before. */
function sections(text: string): Section[] {
  const found: { name: string; values: Record<string, string> }[] = [];
  let key = '';
  for (const line of text.split(/\r?\n/)) {
    const section = found.at(-1);
    const head = /^\[([^\]]+)\]\s*$/.exec(line)?.[1];
    const [, name, value = ''] = /^([^\s=:;#][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (head !== undefined) found.push({ name: head, values: {} });
    else if (section && /^\s+\S/.test(line) && key !== '') section.values[key] += ` ${line.trim()}`;
    else if (section && name !== undefined) section.values[(key = name)] = value;
  }
  return found;
}

function hookOf({ name, values }: Section): Hook[] {
  const { triggers = '', path = '', action = '' } = values;
  const [, resource, rest = ''] = /^Resources\.([^.]+)(?:\.(.*))?$/.exec(path) ?? [];
  if (resource === undefined || action === '') return [];
  const inMetadata = /^Metadata\.?(.*)$/.exec(rest)?.[1];
  return [
    {
      name,
      triggers: triggers.split(',').map((one) => one.trim()),
      resource,
      action,
      ...(inMetadata === undefined ? {} : { metadataPath: inMetadata }),
    },
  ];
}

/** What a hook watches, as text; nothing where it is not there. */
export function watched(
  { metadataPath }: Hook,
  { physicalId, metadata }: { physicalId: string; metadata: string },
): string | undefined {
  if (metadataPath === undefined) return physicalId;
  let value = JSON.parse(metadata) as unknown;
  // Names of metadata have dots of their own at most behind the first two colons.
  for (const name of metadataPath === '' ? [] : metadataPath.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value === undefined ? undefined : JSON.stringify(value);
}
