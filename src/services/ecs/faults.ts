// Amazon ECS's errors in its own words.

import { Fault } from '#contract/fault.ts';

export function invalidParameter(message: string): Fault {
  return new Fault('InvalidParameterException', message);
}

export function clientError(message: string): Fault {
  return new Fault('ClientException', message);
}

export function clusterNotFound(): Fault {
  return new Fault('ClusterNotFoundException', 'Cluster not found.');
}

/** A combination that is not modelled; single parameters are refused by their path. */
export function unmodelled(what: string): Fault {
  return new Fault('NotImplemented', `${what} not modelled by Sandtable.`);
}
