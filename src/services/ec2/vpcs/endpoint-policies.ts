// Policies of VPC endpoints, of which only full access is modelled.
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html

import { Fault } from '#contract/fault.ts';
import { unmodelled } from '../requests.ts';

/**
 * What an endpoint has when no policy is given. Policies of endpoints are not modelled, so it is the only
 * one.
 */
export const FULL_ACCESS: string =
  '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}';
/** As AWS answered localstack for an interface endpoint: tests/aws/services/ec2/test_ec2.py, test_vpc_endpoint_dns_names. */
export const FULL_ACCESS_BY_INTERFACE: string =
  '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}';

interface Statement {
  readonly Effect?: unknown;
  readonly Principal?: unknown;
  readonly Action?: unknown;
  readonly Resource?: unknown;
}

/** Whether a statement allows everything to everyone, however it is written. */
function isFullAccess(statement: Statement | undefined): boolean {
  const { Effect, Principal, Action, Resource, ...rest } = (statement ?? {}) as Statement & { Sid?: unknown };
  const { Sid: _, ...conditions } = rest;
  const everyone =
    typeof Principal === 'object' && Principal !== null ? (Principal as { AWS?: unknown }).AWS : Principal;
  const all = [everyone, Action, Resource].every((one) => JSON.stringify([one].flat()) === '["*"]');
  return Effect === 'Allow' && all && Object.keys(conditions).length === 0;
}

export function refusePolicy(document: string | undefined): void {
  if (document === undefined) return;
  let statements: readonly Statement[];
  try {
    const { Statement } = JSON.parse(document) as { Statement?: Statement | readonly Statement[] };
    statements = [Statement ?? []].flat();
  } catch {
    throw new Fault('InvalidParameter', 'The policy document is not valid JSON.');
  }
  if (statements.length !== 1 || !isFullAccess(statements[0]))
    throw unmodelled('A policy of a VPC endpoint other than full access');
}
