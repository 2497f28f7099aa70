// What the commands of a machine's scripts mean, where they mean something.

import { readHupConfiguration } from '../cfn-bootstrap/hup-configuration.ts';
import { InitError, initSteps } from '../cfn-bootstrap/init-plan.ts';
import type { InitService, InitStep } from '../cfn-bootstrap/init-plan.ts';
import { CFN_INIT, CFN_SIGNAL, readOptions } from '../cfn-bootstrap/options.ts';
import { MANIFEST_PATH } from '../manifest.ts';
import type { ManifestHook } from '../manifest.ts';
import { baseName, durationMs } from '../shell/command-words.ts';
import { Interpreter } from '../shell/interpreter.ts';
import type { Doing, Meaning } from '../shell/meaning.ts';
import type { Action, Acts, Result, Verb } from './actions.ts';
import { askAws, awsCommand } from './aws-cli.ts';
import type { AwsCommand } from './aws-cli.ts';
import { quoted } from './cloud-init.ts';
import { hooked, hookFor } from './hooks.ts';
import { askOwn, ownCommand } from './own-requests.ts';
import type { OwnCommand } from './own-requests.ts';
import { cutShort, isLook, untilOtherwise } from './polling.ts';
import { roleOf, startsServer } from './servers.ts';
import { cfnSignal, handlePut, resourceSignal, target } from './signals.ts';
import type { Signalling } from './signals.ts';
import { isWebServer, packageCommand, serviceCommand, startsBeyondInstall, WEB_PORT } from './services.ts';

/** What a script can find out about its machine. */
export interface Surroundings {
  readonly instanceId: string;
  /** A path of the instance metadata service, such as `placement/region`. */
  metadata(path: string): string | undefined;
  /** What the manifest in user data says of commands. */
  readonly hooks: Readonly<Record<string, ManifestHook>>;
  /** Its Auto Scaling group. */
  readonly groupName?: string;
  /** The application that the script is said to start. */
  readonly application?: {
    readonly port: number;
    /** Whether one of the commands of the script, as far as it goes well, is the one that starts it. */
    readonly startsByCommand: () => boolean;
  };
}

const UNUSABLE = 2;
/** Where the agent of Amazon ECS tells of itself; its images start it. */
const ECS_AGENT_PORT = 51_678;
const ECS_CONFIGURATION = '/etc/ecs/ecs.config';
const NO_CREDENTIALS = 255;

export class MachineMeaning implements Meaning<Action, Result> {
  readonly #around: Surroundings;
  readonly #files = new Map<string, string>();
  readonly #enabled = new Set<string>();
  readonly #declared = new Map<string, string>();
  /** The files that cfn-init left the last time, if it ran before. */
  #applied: ReadonlyMap<string, string> | undefined;
  /** The declared application has been started. */
  #started = false;
  /** Something was started that may listen, and of which nothing is known. */
  #serves = false;
  /** Whether the script installed the CodeDeploy agent itself. */
  installsAgent = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  command(
    words: readonly string[],
    input: string | undefined,
    detached: boolean,
  ): Doing<Action, Result> | undefined {
    const hook = hookFor(words, this.#around.hooks);
    const plain = this.#plain(words, input);
    const doing = hook ? hooked(hook, plain) : plain;
    const starts = this.#startsByHook ? hook?.starts : startsServer(words, detached);
    return starts ? this.#starting(doing) : doing;
  }

  asks(words: readonly string[]): boolean {
    return this.#own(words) !== undefined || this.#awsCommand(words) !== undefined;
  }

  looks(action: Action): boolean {
    return isLook(action);
  }

  steady(turn: readonly (readonly [Action, Result])[]): Acts | undefined {
    const waits = untilOtherwise(turn);
    return waits && once(waits);
  }

  took({ ms = 0 }: Result): number {
    return ms;
  }

  within(action: Action, ms: number): Action {
    return cutShort(action, ms);
  }

  /** What the script declares runs from now on, if it does not run yet. */
  *starts(): Generator<Action, void, Result> {
    this.#serves = true;
    yield* this.declarations();
    if (this.#started || !this.#around.application) return;
    this.#started = true;
    yield { kind: 'starts' };
  }

  /** Something asks whether all is well. Where no command is the one that starts the application, it runs by now. */
  *#startsBefore(port?: number): Generator<Action, void, Result> {
    const { application } = this.#around;
    yield* this.declarations();
    if (this.#started || !application || (port ?? application.port) !== application.port) return;
    if (!application.startsByCommand()) yield* this.starts();
  }

  get #startsByHook(): boolean {
    return Object.values(this.#around.hooks).some(({ starts }) => starts);
  }

  *#starting(doing: Doing<Action, Result> | undefined): Doing<Action, Result> {
    const done = doing ? yield* doing : 0;
    if ((typeof done === 'number' ? done : done.status) === 0) yield* this.starts();
    return done;
  }

  #plain(words: readonly string[], input: string | undefined): Doing<Action, Result> | undefined {
    const [path = ''] = words;
    const name = baseName(path);
    const own = this.#own(words);
    if (own) return this.#askOwn(own);
    if (name === 'cfn-init') return this.#init(words.slice(1));
    if (name === 'cfn-signal') return this.#cfnSignal(words.slice(1));
    if (name === 'sleep') return sleep(words[1] ?? '');
    if (words.includes('auto') && words.some((word) => baseName(word) === 'install')) return this.#agent();
    const asking = this.#awsCommand(words);
    if (asking) return this.#askAws(asking);
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

  #own(words: readonly string[]): OwnCommand | undefined {
    const addresses = ['local-ipv4', 'local-hostname'].flatMap((path) => this.#around.metadata(path) ?? []);
    return ownCommand(words, addresses);
  }

  *#askOwn(command: OwnCommand): Doing<Action, Result> {
    const { port } = command.request;
    yield* this.#startsBefore(port);
    const unknown = port === ECS_AGENT_PORT || (this.#serves && this.#around.application?.port !== port);
    return yield* askOwn(command, unknown);
  }

  #awsCommand(words: readonly string[]): AwsCommand | undefined {
    return baseName(words[0] ?? '') === 'aws' ? awsCommand(words.slice(1), this.#around) : undefined;
  }

  *#askAws(command: AwsCommand): Doing<Action, Result> {
    yield* this.#startsBefore();
    return yield* askAws(command);
  }

  output(words: readonly string[]): string | undefined {
    const [path = '', ...rest] = words;
    const name = baseName(path);
    if (name === 'cat') return this.#files.get(rest[0] ?? '');
    if (name === 'hostname')
      return this.#around.metadata(/^-[iI]$/.test(rest[0] ?? '') ? 'local-ipv4' : 'local-hostname');
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

  /** What stands in the configuration of the container agent of Amazon ECS, as far as the script wrote it. */
  get ecsConfiguration(): string | undefined {
    return this.#files.get(ECS_CONFIGURATION);
  }

  reportsFailure(words: readonly string[]): boolean {
    const [path = '', ...rest] = words;
    if (baseName(path) === 'aws') return rest.includes('signal-resource') && rest.includes('FAILURE');
    if (baseName(path) !== 'cfn-signal') return false;
    const { success, 'exit-code': code } = readOptions(rest, CFN_SIGNAL)?.values ?? {};
    return success === 'false' || (code !== undefined && /^[1-9]\d*$/.test(code));
  }

  /** What files that the script wrote declare, unless cfn-init has left them as they were. */
  *declarations(): Generator<Action, void, Result> {
    for (const [path, text] of this.#declared) {
      this.#declared.delete(path);
      if (this.#applied?.get(path) !== text) yield { kind: 'declares', path, text };
    }
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
        if (verb === 'start' || verb === 'restart') yield* this.#serviceStarts(name);
        if (name === 'cfn-hup') yield* this.#hup(verb);
        else if (isWebServer(name)) yield { kind: 'service', name, verb, enabled: this.#enabled.has(name) };
      }
    }
    return 0;
  }

  /** Of a web server the port is known: another application is not behind its service. */
  *#serviceStarts(name: string): Generator<Action, void, Result> {
    const role = roleOf(name);
    const other = isWebServer(name) && this.#around.application?.port !== WEB_PORT;
    if (role === undefined || other) return;
    this.#serves = true;
    if (role === 'application' && !this.#startsByHook) yield* this.starts();
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
    const signalling = resourceSignal(words, this.#around.instanceId);
    return signalling ? yield* this.#signal(signalling) : NO_CREDENTIALS;
  }

  *#curl(words: readonly string[], input: string | undefined): Acts {
    const put = handlePut(words, input, this.#files);
    if (!put) return yield* spend('download', 1);
    if (!put.told) yield tell('what curl sends to a wait condition cannot be told');
    return yield* this.#signal(put);
  }

  *#cfnSignal(words: readonly string[]): Acts {
    const signalling = cfnSignal(words, this.#around.instanceId);
    return signalling ? yield* this.#signal(signalling) : UNUSABLE;
  }

  *#signal({ action, success }: Signalling): Acts {
    if (success) yield* this.#startsBefore();
    return (yield action).status;
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
    this.#applied = before;
    for (const step of steps) {
      const failed = yield* this.#initStep(step, before);
      if (failed !== 0) return 1;
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
    const done = yield* hook ? hooked(hook, doing) : doing;
    const status = typeof done === 'number' ? done : done.status;
    if (status === 0 && hook?.starts) yield* this.starts();
    if (status !== 0) yield tell(`cfn-init: Command ${name} failed with ${status}`);
    return ignoresErrors ? 0 : status;
  }

  *#script(script: string): Acts {
    yield* spend('command', 1);
    const { status, endless } = yield* new Interpreter(this).run(script);
    if (endless) yield { kind: 'hangs' };
    return status;
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
  yield { kind: 'takes', ms: durationMs(text) ?? 0 };
  return 0;
}

function* once(action: Action): Acts {
  return (yield action).status;
}
