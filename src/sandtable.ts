// Composes a cloud from services, workloads and traffic. Rehearsals, the server and tests are handed this composition.

import { Cloud } from '#cloud/cloud.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import { servedAt } from '#cloud/endpoint.ts';
import type { Composition, Outside } from '#rehearsal/scene.ts';
import type { Performers } from '#world/index.ts';
import { host } from '#runtime/host.ts';
import { primitives } from '#runtime/primitives.ts';
import { packRevision } from '#runtime/revision-folder.ts';
import { translators } from '#runtime/sam-translator.ts';
import type { Usher } from '#server/usher.ts';
import { services } from '#services/index.ts';
import { part as traffic } from '#traffic/traffic.ts';
import { modelledContainers } from '#workloads/containers/modelled.ts';
import { modelledFunctions } from '#workloads/functions/modelled.ts';
import { processFunctions } from '#workloads/functions/process.ts';
import { modelled } from '#workloads/modelled/modelled.ts';
import { processDriver } from '#workloads/process/process.ts';

/** How machines run what is deployed on them. */
export type Driver = 'modelled' | 'process';

/** Containers do not run where servers really do. */
const drivers: Readonly<Record<Driver, readonly CloudPart[]>> = {
  modelled: [modelled, modelledContainers],
  process: [processDriver],
};

/** How the code of Lambda functions is run. */
const functionParts: Readonly<Record<Driver, readonly CloudPart[]>> = {
  modelled: [modelledFunctions],
  process: [processFunctions],
};

/** A cloud with all services. Functions are run as machines are, unless told otherwise. */
export function composeCloud(driver: Driver = 'modelled', functions: Driver = driver): Cloud {
  return new Cloud(services, [...drivers[driver], ...functionParts[functions], traffic]).complete();
}

export interface ProcessOptions {
  /** How the code of Lambda functions is run: as machines are unless given. */
  readonly functions?: Driver;
  /** Virtual milliseconds in one of wall time while something really runs. */
  readonly paceRate?: number;
  /** Requests that a load really sends each second of virtual time, at most. */
  readonly requestsPerSecond?: number;
  /** Clients outside, for whom time passes as they wait, and who want to know where the world is served. */
  readonly visitors?: { readonly usher: Usher; readonly servedAt: (url: string) => void };
}

/** Everything a rehearsal runs on. */
export function composeRehearsal(driver: Driver = 'modelled', options: ProcessOptions = {}): Composition {
  const { functions = driver, visitors } = options;
  const cloud = composeCloud(driver, functions);
  const shared = { cloud, primitives, host, performers: translators, packRevision };
  if (driver === 'modelled' && functions === 'modelled' && !visitors) return shared;
  return { ...shared, outside: () => outside(driver, functions, options) };
}

/** What really runs of one world, on this computer. */
interface Running {
  readonly performers: Performers;
  endpoint: string | undefined;
  close(): Promise<void>;
}

/** Real machines and functions of one world. What they need is loaded only where user code is to run. */
async function outside(
  driver: Driver,
  functions: Driver,
  { paceRate = 1, requestsPerSecond = 20, visitors }: ProcessOptions,
): Promise<Outside> {
  const { listen } = await import('#server/endpoint.ts');
  const running: Running[] = [];
  if (driver === 'process') {
    const { ProcessHost } = await import('#workloads/process/host/host.ts');
    running.push(new ProcessHost({ rate: paceRate }));
  }
  if (functions === 'process') {
    const { FunctionProcesses } = await import('#workloads/functions/host/functions.ts');
    running.push(new FunctionProcesses({ rate: () => paceRate }));
  }
  let stopServing = async (): Promise<void> => {};
  return {
    performers: Object.assign({}, translators, ...running.map(({ performers }) => performers)) as Performers,
    paceRate,
    ...(driver === 'process' ? { requestsPerSecond } : {}),
    async serve({ gateway, world, clock, crashed }) {
      const still = {
        mode: 'virtual',
        why: () => clock.why(),
        setMode() {},
        async advance() {},
        catchUp() {},
        poke() {},
      } as const;
      const fixed = 'The clock of a rehearsal is moved by its script.';
      const controlled = { world, clock: still, version: '', fixed };
      const usher = visitors ? { usher: visitors.usher } : {};
      const endpoint = await listen({ gateway, controlled, port: 0, crashed, ...usher });
      stopServing = endpoint.close;
      for (const one of running) one.endpoint = endpoint.url;
      visitors?.servedAt(endpoint.url);
      world.transact('', { kind: 'script', name: 'served' }, (ctx) => servedAt(ctx, endpoint.url));
    },
    async close() {
      await stopServing();
      await Promise.all(running.map((one) => one.close()));
    },
  };
}
