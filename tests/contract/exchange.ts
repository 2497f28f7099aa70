// One request and its answer, as a gateway would handle them: what the tests of single messages share.
import { bodyBytes } from '../../src/cloud/body.ts';
import { readRequest, writeFault } from '../../src/contract/codec.ts';
import { Fault } from '../../src/contract/fault.ts';
import { identify, pathStyle } from '../../src/contract/identify.ts';
import { contractHeaders, loadContract } from '../../src/contract/load.ts';
import { route } from '../../src/contract/route.ts';
import { validate, validationFault } from '../../src/contract/validate.ts';
import type { WireRequest, WireResponse } from '../../src/contract/wire.ts';

export function wire(part: Omit<Partial<WireRequest>, 'body'> & { body?: string | Uint8Array }): WireRequest {
  const { body = '', ...rest } = part;
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return { method: 'POST', path: '/', query: '', headers: {}, host: 'localhost', ...rest, body: bytes };
}

export function jsonRequest(target: string, body: unknown): WireRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return wire({
    headers: { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' },
    body: text,
  });
}

export function formRequest(host: string, body: string): WireRequest {
  return wire({ host, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
}

export interface Outcome {
  readonly operation?: string;
  readonly input?: Record<string, unknown>;
  readonly fault?: Fault;
  /** What the client is told. */
  readonly response?: WireResponse;
  readonly text?: string;
}

/** Everything but the service. Anything thrown that is not a Fault is a bug of ours, and passes through. */
export function exchange(given: WireRequest): Outcome {
  const to = identify(contractHeaders(), given);
  if (to === undefined) return {};
  const contract = loadContract(to.id);
  const request = to.id === 's3' ? pathStyle(given) : given;
  let found: ReturnType<typeof route> | undefined;
  try {
    found = route(contract, to.protocol, request);
    const input = readRequest(found, request);
    const violations = validate(contract, found.operation, input);
    if (violations.length > 0) throw validationFault(contract, violations);
    return { operation: found.operation.name, input };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const response = writeFault(
      { contract, protocol: to.protocol, operation: found?.operation, requestId: 'r-1' },
      error,
    );
    const text = new TextDecoder().decode(bodyBytes(response.body, () => new Uint8Array()));
    return {
      fault: error,
      response,
      text,
      ...(found === undefined ? {} : { operation: found.operation.name }),
    };
  }
}
