// Smithy RPC v2 CBOR: POST /service/{Service}/operation/{Operation}, one CBOR map each way
// (smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html).
import type { Structure } from '../contract.ts';
import type { WireRequest, WireResponse } from '../wire.ts';
import { noBytes } from './bytes.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { queryErrorHeader, typeName } from './json.ts';
import { type Codec, describeFault, faultFields, type ReplyTo, type Route } from './protocol.ts';
import { readStructure, writeStructure } from './value.ts';

function headers(to: ReplyTo): Record<string, string> {
  return {
    'content-type': 'application/cbor',
    'smithy-protocol': 'rpc-v2-cbor',
    'x-amzn-requestid': to.requestId,
  };
}

export const rpcV2Cbor: Codec = {
  read(route: Route, wire: WireRequest): Record<string, unknown> {
    const { input } = route.operation;
    if (wire.body.length === 0 || input === undefined) return {};
    return readStructure(input, decodeCbor(wire.body), 'cbor');
  },

  write(to, output: Structure): WireResponse {
    const shape = to.operation.output;
    if (shape === undefined) {
      const { 'content-type': _none, ...rest } = headers(to);
      return { status: 200, headers: rest, body: noBytes };
    }
    return { status: 200, headers: headers(to), body: encodeCbor(writeStructure(shape, output, 'cbor')) };
  },

  writeFault(to, fault): WireResponse {
    const facts = describeFault(to.contract, fault, 'json');
    const fields =
      facts.shape === undefined ? {} : writeStructure(facts.shape, faultFields(facts, fault), 'cbor');
    const message = facts.shape?.members.find((member) => member.name.toLowerCase() === 'message');
    const document = {
      __type: typeName(to.contract, facts),
      ...fields,
      [message?.name ?? 'message']: fault.message,
    };
    return {
      status: facts.status,
      headers: { ...headers(to), ...queryErrorHeader(to.contract, facts) },
      body: encodeCbor(document),
    };
  },
};
