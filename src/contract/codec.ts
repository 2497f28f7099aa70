// The floor's front door: what a gateway calls, in this order, for every request. `identify` (identify.ts),
// `loadContract` (load.ts), `route` (route.ts), `readRequest`, `validate` (validate.ts), the service, then
// `writeResponse` or `writeFault`.
import type { Protocol, Structure } from './contract.ts';
import { Fault } from './fault.ts';
import { ec2Query } from './protocols/ec2-query.ts';
import { json } from './protocols/json.ts';
import type { Codec, ReplyTo, Route } from './protocols/protocol.ts';
import { query } from './protocols/query.ts';
import { restJson } from './protocols/rest-json.ts';
import { restXml } from './protocols/rest-xml.ts';
import { rpcV2Cbor } from './protocols/rpc-v2-cbor.ts';
import type { Body, WireRequest, WireResponse } from './wire.ts';

export type { ReplyTo, Route } from './protocols/protocol.ts';

const codecs: Readonly<Record<Protocol, Codec>> = {
  json,
  query,
  ec2: ec2Query,
  'rest-json': restJson,
  'rest-xml': restXml,
  'smithy-rpc-v2-cbor': rpcV2Cbor,
};

/**
 * The operation's input, with timestamps in epoch milliseconds. Throws a Fault when the request is malformed.
 * `body` replaces the bytes of a streaming payload that the caller has already stored.
 */
export function readRequest(route: Route, wire: WireRequest, body?: Body): Record<string, unknown> {
  if (route.operation.eventStream) {
    throw new Fault('NotImplemented', `${route.operation.name} needs an event stream, which is not modelled`);
  }
  return codecs[route.protocol].read(route, wire, body);
}

/** Whether the operation's body is a stream, to be stored before the request is read. */
export function hasStreamingBody(route: Route): boolean {
  return route.operation.input?.payload?.streaming === true;
}

/**
 * The answer to a successful request. Throws a TypeError when the output does not fit the contract: our bug.
 */
export function writeResponse(route: Route, output: Structure | undefined, requestId: string): WireResponse {
  const { contract, protocol, operation } = route;
  return codecs[protocol].write({ contract, protocol, operation, requestId }, output ?? {});
}

/** The answer to a failed one; the operation is left out when the failure came before it was known. */
export function writeFault(to: ReplyTo, fault: Fault): WireResponse {
  return codecs[to.protocol].writeFault(to, fault);
}
