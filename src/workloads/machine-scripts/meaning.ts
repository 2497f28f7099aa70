// What the commands of a machine's scripts mean, where they mean something.

import { readHupConfiguration } from '../cfn-bootstrap/hup-configuration.ts';
import { InitError, initSteps } from '../cfn-bootstrap/init-plan.ts';
import type { InitService, InitStep } from '../cfn-bootstrap/init-plan.ts';
import { CFN_INIT, CFN_SIGNAL, readOptions } from '../cfn-bootstrap/options.ts';
import { MANIFEST_PATH } from '../manifest.ts';
import type { ManifestHook } from '../manifest.ts';
import { UNKNOWN } from '../shell/expansion.ts';
import { baseName } from '../shell/command-words.ts';
import { Interpreter } from '../shell/interpreter.ts';
import type { Meaning } from '../shell/meaning.ts';
import type { Action, Acts, Result, Signal, StackResource, Verb } from './actions.ts';
import { quoted } from './cloud-init.ts';
import { isWebServer, packageCommand, serviceCommand, startsBeyondInstall } from './services.ts';

/** What a script can find out about its machine. */
export interface Surroundings {
  readonly instanceId: string;
  /** A path of the instance metadata service, such as `placement/region`. */
  metadata(path: string): string | undefined;
  /** What the manifest in user data says of commands. */
  readonly hooks: Readonly<Record<string, ManifestHook>>;
}

/** The helper scripts' own default, whatever the instance's region. */
const DEFAULT_REGION = 'us-east-1';
const UNUSABLE = 2;
const NO_CREDENTIALS = 255;

export class MachineMeaning implements Meaning<Action, Result> {
  readonly #around: Surroundings;
  readonly #files = new Map<string, string>();
  readonly #enabled = new Set<string>();
  readonly #declared = new Map<string, string>();
  /** Whether the script installed the CodeDeploy agent itself. */
  installsAgent = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  command(words: readonly string[], input: string | undefined): Acts | undefined {
    const hook = hookFor(words, this.#around.hooks);
    const plain = this.#plain(words, input);
    return hook ? hooked(hook, plain) : plain;
  }

  #plain(words: readonly string[], input: string | undefined): Acts | undefined {
    const [path = ''] = words;
    const name = baseName(path);
    if (name === 'cfn-init') return this.#init(words.slice(1));
    if (name === 'cfn-signal') return this.#signal(words.slice(1));
    if (name === 'sleep') return sleep(words[1] ?? '');
    if (words.includes('auto') && words.some((word) => baseName(word) === 'install')) return this.#agent();
    if (name === 'aws') return this.#aws(words.slice(1));
    if (name === 'curl') return this.#curl(words.slice(1), input);
    if (name === 'wget') return spend('download', 1);
    const packages = packageCommand(words);
    if (packages?.names?.includes('codedeploy-agent')) return this.#agent();
    if (packages?.names) return this.#packages(packages.manager, packages.names);
    if (packages) return update(packages.manager);
    const services = serviceCommand(words);
    return services && this.#services(services.names, services.verbs);
  }

  output(words: readonly string[]): string | undefined {
    const [path = '', ...rest] = words;
    const name = baseName(path);
    if (name === 'cat') return this.#files.get(rest[0] ?? '');
    if (name === 'ec2-metadata' && /^(?:-i|--instance-id)$/.test(rest[0] ?? ''))
      return `instance-id: ${this.#around.instanceId}`;
    const asked = rest.findLast((word) => word.includes('169.254.169.254/latest/meta-data/'));
    return asked === undefined || (name !== 'curl' && name !== 'wget')
      ? undefined
      : this.#around.metadata(asked.slice(asked.indexOf('/meta-data/') + '/meta-data/'.length));
  }

  wrote(path: string, text: string, append: boolean): void {
    if (path.startsWith('/dev/')) return;
    const all = append ? (this.#files.get(path) ?? '') + text : text;
    this.#files.set(path, all);
    if (baseName(path) === MANIFEST_PATH) this.#declared.set(path, all);
  }

  reportsFailure(words: readonly string[]): boolean {
    const [path = '', ...rest] = words;
    if (baseName(path) === 'aws') return rest.includes('signal-resource') && rest.includes('FAILURE');
    if (baseName(path) !== 'cfn-signal') return false;
    const { success, 'exit-code': code } = readOptions(rest, CFN_SIGNAL)?.values ?? {};
    return success === 'false' || (code !== undefined && /^[1-9]\d*$/.test(code));
  }

  /** What files that the script wrote declare, once it has ended. */
  *declarations(): Generator<Action, void, Result> {
    for (const [path, text] of this.#declared) yield { kind: 'declares', path, text };
    this.#declared.clear();
  }

  *#agent(): Acts {
    this.installsAgent = true;
    return (yield { kind: 'codedeploy-agent' }).status;
  }

  *#packages(manager: string, names: readonly string[]): Acts {
    const { status } = yield { kind: 'packages', manager, count: names.length };
    if (status !== 0 || !startsBeyondInstall(manager)) return status;
    yield* this.#services(names.filter(isWebServer), ['enable', 'start']);
    return 0;
  }

  *#services(names: readonly string[], verbs: readonly Verb[]): Acts {
    for (const name of names) {
      for (const verb of verbs) {
        if (verb === 'enable') this.#enabled.add(name);
        if (verb === 'disable') this.#enabled.delete(name);
        if (verb !== 'enable' && verb !== 'disable') yield* spend('service', 1);
        if (name === 'cfn-hup') yield* this.#hup(verb);
        else if (isWebServer(name)) yield { kind: 'service', name, verb, enabled: this.#enabled.has(name) };
      }
    }
    return 0;
  }

  *#hup(verb: Verb): Generator<Action, void, Result> {
    if (verb === 'enable' || verb === 'disable') return;
    const configuration = verb === 'stop' ? undefined : readHupConfiguration(this.#files);
    if (verb !== 'stop' && !configuration) yield tell('cfn-hup finds no stack in /etc/cfn/cfn-hup.conf');
    yield { kind: 'cfn-hup', configuration };
  }

  *#aws(words: readonly string[]): Acts {
    if (words[0] !== 'cloudformation' || words[1] !== 'signal-resource')
      return yield* spend('download', words[0] === 's3' ? 1 : 0);
    const value = (name: string): string => known(words[words.indexOf(`--${name}`) + 1] ?? '');
    const status = value('status');
    if (status !== 'SUCCESS' && status !== 'FAILURE') return NO_CREDENTIALS;
    const region = words.includes('--region') ? value('region') : '';
    const of = { stack: value('stack-name'), resource: value('logical-resource-id'), region, role: true };
    const uniqueId = value('unique-id') || this.#around.instanceId;
    return (yield { kind: 'signal', of, signal: { uniqueId, status } }).status;
  }

  /** A PUT to a wait condition's handle is a signal. */
  *#curl(words: readonly string[], input: string | undefined): Acts {
    const url = words.find((word) => word.includes('cloudformation-waitcondition-'));
    if (url === undefined) return yield* spend('download', 1);
    const after = (...names: string[]): string | undefined => {
      const at = words.findIndex((word) => names.includes(word));
      return at < 0 ? undefined : words[at + 1];
    };
    const file = after('-T', '--upload-file');
    const data = after('-d', '--data', '--data-binary', '--data-raw', '--data-ascii', '--json');
    const from = file ?? (data?.startsWith('@') ? data.slice(1) : undefined);
    const body = from === undefined ? data : from === '-' ? input : this.#files.get(from);
    if (body === undefined) yield tell('what curl sends to a wait condition cannot be told');
    return (yield { kind: 'put', url, body: known(body ?? '') }).status;
  }

  *#signal(words: readonly string[]): Acts {
    const options = readOptions(words, CFN_SIGNAL);
    if (!options) return UNUSABLE;
    const { success = 'true', 'exit-code': code, reason, data, id } = options.values;
    if (success !== 'true' && success !== 'false') return UNUSABLE;
    const exit = code === undefined ? Number(success === 'false') : exitOf(code);
    if (Number.isNaN(exit)) return UNUSABLE;
    const signal: Signal = {
      uniqueId: known(id ?? '') || this.#around.instanceId,
      status: exit === 0 ? 'SUCCESS' : 'FAILURE',
    };
    const [url] = options.rest;
    if (url === undefined) return (yield { kind: 'signal', of: target(options.values), signal }).status;
    const body = {
      Status: signal.status,
      UniqueId: signal.uniqueId,
      Data: known(data ?? ''),
      Reason: known(reason ?? (exit === 0 ? '' : 'Configuration failed')),
    };
    return (yield { kind: 'put', url, body: JSON.stringify(body) }).status;
  }

  *#init(words: readonly string[]): Acts {
    const options = readOptions(words, CFN_INIT);
    if (!options) return UNUSABLE;
    const { configsets = 'default' } = options.values;
    const sets = configsets.split(',').map((one) => one.trim());
    const { status, text, previous } = yield { kind: 'describe', of: target(options.values) };
    if (status !== 0 || text === undefined) return status;
    let steps: readonly InitStep[];
    try {
      steps = initSteps(text, sets);
    } catch (error) {
      if (!(error instanceof InitError)) throw error;
      yield tell(`cfn-init: ${error.message}`);
      return 1;
    }
    const before = filesIn(previous, sets);
    for (const step of steps) {
      const failed = yield* this.#initStep(step, before);
      if (failed !== 0) return 1;
    }
    for (const [path, content] of this.#declared) {
      if (before?.get(path) === content) this.#declared.delete(path);
    }
    yield* this.declarations();
    return 0;
  }

  /** `before`: the files that cfn-init left the last time, if it ran before. */
  *#initStep(step: InitStep, before: ReadonlyMap<string, string> | undefined): Acts {
    switch (step.kind) {
      case 'packages':
        return yield* this.#packages(step.manager, step.names);
      case 'entries':
        return yield* spend(step.what === 'sources' ? 'source' : 'entries', step.count);
      case 'file':
        yield* spend('entries', 1);
        this.wrote(step.path, step.text, false);
        return 0;
      case 'command':
        return yield* this.#initCommand(step);
      case 'service':
        return yield* this.#initService(step.service, before);
    }
  }

  *#initCommand({ name, words, test, ignoresErrors }: Extract<InitStep, { kind: 'command' }>): Acts {
    if (test !== undefined) {
      const { status } = yield* new Interpreter(this).run(test);
      if (status !== 0) return 0;
    }
    const hook = this.#around.hooks[name];
    const script = typeof words === 'string' ? words : words.map(quoted).join(' ');
    const doing = this.#script(script);
    const status = yield* hook ? hooked(hook, doing) : doing;
    if (status !== 0) yield tell(`cfn-init: Command ${name} failed with ${status}`);
    return ignoresErrors ? 0 : status;
  }

  *#script(script: string): Acts {
    yield* spend('command', 1);
    return (yield* new Interpreter(this).run(script)).status;
  }

  *#initService(service: InitService, before: ReadonlyMap<string, string> | undefined): Acts {
    const { name, running, enabled, files } = service;
    const changed = before !== undefined && files.some((path) => before.get(path) !== this.#files.get(path));
    const verbs: Verb[] = [];
    if (enabled !== undefined) verbs.push(enabled ? 'enable' : 'disable');
    if (running !== undefined) verbs.push(running ? (changed ? 'restart' : 'start') : 'stop');
    return yield* this.#services([name], verbs);
  }
}

/** The manifest says how long a command takes and what becomes of it; where it succeeds it does what it means. */
function* hooked({ durationMs, exit, hangs }: ManifestHook, inner: Acts | undefined): Acts {
  yield { kind: 'takes', ms: durationMs ?? 0 };
  if (hangs) yield { kind: 'hangs' };
  if (exit !== 0) return exit;
  if (!inner) return 0;
  if (durationMs === undefined) return yield* inner;
  let next = inner.next();
  while (!next.done) next = inner.next(yield { ...next.value, instant: true });
  return next.value;
}

/** Whole name, path or text of a command, or the beginning of its text; the longest one counts. */
function hookFor(
  words: readonly string[],
  hooks: Readonly<Record<string, ManifestHook>>,
): ManifestHook | undefined {
  const [path = ''] = words;
  const text = `${words.join(' ')} `;
  const byName = `${[baseName(path), ...words.slice(1)].join(' ')} `;
  const keys = Object.keys(hooks).filter((key) => text.startsWith(`${key} `) || byName.startsWith(`${key} `));
  const longest = keys.toSorted((left, right) => right.length - left.length)[0];
  return longest === undefined ? undefined : hooks[longest];
}

function filesIn(previous: string | undefined, sets: readonly string[]): Map<string, string> | undefined {
  if (previous === undefined) return undefined;
  try {
    const steps = initSteps(previous, sets);
    return new Map(steps.flatMap((step) => (step.kind === 'file' ? [[step.path, step.text]] : [])));
  } catch (error) {
    if (error instanceof InitError) return undefined;
    throw error;
  }
}

function target(values: Readonly<Record<string, string>>): StackResource {
  const { stack = '', resource = '', region = DEFAULT_REGION, role } = values;
  return {
    stack: known(stack),
    resource: known(resource),
    region: known(region),
    role: role !== undefined,
  };
}

/** A status that cannot be known is taken for success. */
function exitOf(text: string): number {
  return text.includes(UNKNOWN) || text === '' ? 0 : Number(text);
}

/** A text of which a part cannot be known says nothing. */
function known(text: string): string {
  return text.includes(UNKNOWN) ? '' : text;
}

function tell(problem: string): Action {
  return { kind: 'tells', problem };
}

function* spend(on: Extract<Action, { kind: 'spends' }>['on'], count: number): Acts {
  if (count > 0) yield { kind: 'spends', on, count };
  return 0;
}

function* update(manager: string): Acts {
  return (yield { kind: 'packages', manager }).status;
}

function* sleep(text: string): Acts {
  const [, digits = '0', unit = 's'] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text) ?? [];
  const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }[unit || 's'] ?? 1;
  yield { kind: 'takes', ms: Math.round(Number(digits) * seconds * 1000) };
  return 0;
}
