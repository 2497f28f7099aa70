// Composes a cloud from services, workloads and traffic. Rehearsals, the server and tests are handed this composition.

import { Cloud } from '#cloud/cloud.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import { servedAt } from '#cloud/endpoint.ts';
import type { Composition, Outside } from '#rehearsal/scene.ts';
import { host } from '#runtime/host.ts';
import { primitives } from '#runtime/primitives.ts';
import { packRevision } from '#runtime/revision-folder.ts';
import { services } from '#services/index.ts';
import { part as traffic } from '#traffic/traffic.ts';
import { modelled } from '#workloads/modelled/modelled.ts';
import { processDriver } from '#workloads/process/process.ts';

/** How machines run what is deployed on them. */
export type Driver = 'modelled' | 'process';

const drivers: Readonly<Record<Driver, CloudPart>> = { modelled, process: processDriver };

/** A cloud with all services. */
export function composeCloud(driver: Driver = 'modelled'): Cloud {
  return new Cloud(services, [drivers[driver], traffic]).complete();
}

export interface ProcessOptions {
  /** Virtual milliseconds in one of wall time while something really runs. */
  readonly paceRate?: number;
  /** Requests that a load really sends each second of virtual time, at most. */
  readonly requestsPerSecond?: number;
}

/** Everything a rehearsal runs on. */
export function composeRehearsal(driver: Driver = 'modelled', options: ProcessOptions = {}): Composition {
  const shared = { cloud: composeCloud(driver), primitives, host, performers: {}, packRevision };
  return driver === 'process' ? { ...shared, outside: () => outside(options) } : shared;
}

/** Real machines of one world. What they need is loaded only where user code is to run. */
async function outside({ paceRate = 1, requestsPerSecond = 20 }: ProcessOptions): Promise<Outside> {
  const { ProcessHost } = await import('#workloads/process/host/host.ts');
  const { listen } = await import('#server/endpoint.ts');
  const machines = new ProcessHost({ rate: paceRate });
  let stopServing = async (): Promise<void> => {};
  return {
    performers: machines.performers,
    paceRate,
    requestsPerSecond,
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
      const endpoint = await listen({ gateway, controlled, port: 0, crashed });
      stopServing = endpoint.close;
      machines.endpoint = endpoint.url;
      world.transact('', { kind: 'script', name: 'served' }, (ctx) => servedAt(ctx, endpoint.url));
    },
    async close() {
      await stopServing();
      await machines.close();
    },
  };
}
