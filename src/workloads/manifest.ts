// `sandtable.yml`: what a revision is like when it runs, for machines on which nothing really runs.
// Everything in it is optional. The format is documented in docs/manifest.md; the validation that gives
// errors their line is in ./manifest-reader.ts.

import { Reader } from './manifest-reader.ts';
import type { Place } from './manifest-reader.ts';

export { ManifestError } from './manifest-reader.ts';

/** Where a manifest stands in a bundle. */
export const MANIFEST_PATH = 'sandtable.yml';

/** Points of a piecewise linear distribution: requests per million that take at most so many microseconds. */
export type LatencyTable = readonly (readonly [perMillion: number, microseconds: number])[];

/** Errors that an application answers by itself. */
export interface ErrorShare {
  readonly status: number;
  /** Share of the requests. */
  readonly perMillion: number;
  /** Only while the instance gets more requests a second than this. */
  readonly abovePerSecond: number;
}

/** How the application of a revision behaves. */
export interface ManifestApplication {
  readonly port: number;
  /** From the end of the script that starts it until it listens. */
  readonly startMs: number;
  /** From its stop signal until it is gone. */
  readonly stopMs: number;
  /** Whether it finishes requests in flight when it is told to stop. */
  readonly drain: boolean;
  /** Whether it starts again by itself when the machine boots. */
  readonly service: boolean;
  readonly latency: LatencyTable;
  readonly errors: readonly ErrorShare[];
  readonly health: { readonly path: string; readonly status: number };
  /** It goes on accepting connections and answers nothing, so long after it began to listen. */
  readonly hangsAfterMs?: number;
}

/** What one hook script does. */
export interface ManifestHook {
  readonly durationMs?: number;
  readonly exit: number;
  /** Lines. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly starts?: boolean;
  readonly stops?: boolean;
  /** Waits for the application to be healthy, at most so long, and exits 1 if it is not. */
  readonly healthyWithinMs?: number;
  /** Never ends. */
  readonly hangs: boolean;
  /**
   * Leaves a process behind that holds its output open, so that the agent waits for it until the script's
   * timeout.
   */
  readonly keepsOutputOpen: boolean;
  /** Files that it leaves on the machine. */
  readonly creates: readonly string[];
}

export interface Manifest {
  /** `relocatable`: the bundle may really run where no namespace keeps it apart. */
  readonly process?: 'relocatable';
  readonly version?: string;
  /** Nothing where the revision runs no server. */
  readonly application?: ManifestApplication;
  readonly hooks: Readonly<Record<string, ManifestHook>>;
}

export const DEFAULT_APPLICATION: ManifestApplication = {
  port: 8080,
  startMs: 3000,
  stopMs: 500,
  drain: false,
  service: true,
  latency: latencyTable({ p50: 12_000, p90: 30_000, p99: 120_000, max: 400_000 }),
  errors: [],
  health: { path: '/health', status: 200 },
};

/** A revision that brings no manifest. */
export const DEFAULT_MANIFEST: Manifest = { application: DEFAULT_APPLICATION, hooks: {} };

/** Reads a manifest. Throws `ManifestError` with file, line and remedy. */
export function parseManifest(text: string, file: string = MANIFEST_PATH, firstLine: number = 1): Manifest {
  const reader = new Reader(text, file, firstLine);
  const top = reader.map(reader.top, ['process', 'version', 'application', 'hooks']);
  if (!top) return DEFAULT_MANIFEST;
  const process = top.choice('process', ['relocatable'] as const);
  const version = top.text('version');
  const application = top.says('application', 'none')
    ? undefined
    : applicationOf(top.map('application', APPLICATION_MEMBERS));
  return {
    ...(process === undefined ? {} : { process }),
    ...(version === undefined ? {} : { version }),
    ...(application === undefined ? {} : { application }),
    hooks: Object.fromEntries(top.entries('hooks').map(([location, hook]) => [location, hookOf(hook)])),
  };
}

export const APPLICATION_MEMBERS: readonly string[] = [
  'port',
  'start',
  'stop',
  'drain',
  'service',
  'latency',
  'errors',
  'health',
  'hangsAfter',
];
const LATENCY_MEMBERS = ['min', 'p50', 'p90', 'p99', 'max'];
const HOOK_MEMBERS = [
  'seconds',
  'exit',
  'stdout',
  'stderr',
  'starts',
  'stops',
  'healthyWithin',
  'hangs',
  'keepsOutputOpen',
  'creates',
];

export function applicationOf(
  at: Place | undefined,
  defaults: ManifestApplication = DEFAULT_APPLICATION,
): ManifestApplication {
  if (!at) return defaults;
  const { port, startMs, stopMs, drain, service, health } = defaults;
  const told = at.map('health', ['path', 'status']);
  const hangsAfterMs = at.milliseconds('hangsAfter');
  return {
    port: at.integer('port', 1, 65_535) ?? port,
    startMs: at.milliseconds('start') ?? startMs,
    stopMs: at.milliseconds('stop') ?? stopMs,
    drain: at.flag('drain') ?? drain,
    service: at.flag('service') ?? service,
    latency: latencyOf(at),
    errors: at
      .list('errors')
      .map((item) => errorOf(at.reader.map(item, ['status', 'share', 'abovePerSecond']) as Place)),
    health: {
      path: told?.path('path') ?? health.path,
      status: told?.integer('status', 100, 599) ?? health.status,
    },
    ...(hangsAfterMs === undefined ? {} : { hangsAfterMs }),
  };
}

function errorOf(at: Place): ErrorShare {
  const status = at.integer('status', 400, 599);
  const perMillion = at.share('share');
  if (status === undefined) throw at.fail('An entry of errors has no status', 'add `status: 500`');
  if (perMillion === undefined) throw at.fail('An entry of errors has no share', 'add `share: 3%`');
  return { status, perMillion, abovePerSecond: at.integer('abovePerSecond', 0, 10_000_000) ?? 0 };
}

function latencyOf(at: Place): LatencyTable {
  const told = at.map('latency', LATENCY_MEMBERS);
  if (!told) return DEFAULT_APPLICATION.latency;
  const p50 = told.microseconds('p50');
  if (p50 === undefined) throw told.fail('latency has no p50', 'add `p50: 12ms`');
  const p90 = told.microseconds('p90') ?? p50 * 2;
  const p99 = told.microseconds('p99') ?? p90 * 3;
  const max = told.microseconds('max') ?? p99 * 3;
  const min = told.microseconds('min') ?? Math.round(p50 / 2);
  const table = latencyTable({ min, p50, p90, p99, max });
  for (let i = 1; i < table.length; i += 1) {
    if ((table[i - 1] as readonly [number, number])[1] > (table[i] as readonly [number, number])[1]) {
      throw told.fail('latency falls from one percentile to the next', 'let min ≤ p50 ≤ p90 ≤ p99 ≤ max');
    }
  }
  return table;
}

function latencyTable(of: {
  min?: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}): LatencyTable {
  return [
    [0, of.min ?? Math.round(of.p50 / 2)],
    [500_000, of.p50],
    [900_000, of.p90],
    [990_000, of.p99],
    [1_000_000, of.max],
  ];
}

function hookOf(node: Place): ManifestHook {
  const at = node.only(HOOK_MEMBERS);
  const seconds = at.seconds('seconds');
  const [starts, stops, healthyWithinMs] = [
    at.flag('starts'),
    at.flag('stops'),
    at.milliseconds('healthyWithin'),
  ];
  return {
    ...(seconds === undefined ? {} : { durationMs: seconds }),
    exit: at.integer('exit', 0, 255) ?? 0,
    stdout: linesOf(at.text('stdout')),
    stderr: linesOf(at.text('stderr')),
    ...(starts === undefined ? {} : { starts }),
    ...(stops === undefined ? {} : { stops }),
    ...(healthyWithinMs === undefined ? {} : { healthyWithinMs }),
    hangs: at.flag('hangs') ?? false,
    keepsOutputOpen: at.flag('keepsOutputOpen') ?? false,
    creates: at.list('creates').map((item) => at.reader.absolutePath(item)),
  };
}

function linesOf(text: string | undefined): readonly string[] {
  if (text === undefined || text === '') return [];
  return text.replace(/\n$/, '').split('\n');
}
