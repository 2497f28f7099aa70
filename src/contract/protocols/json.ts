// AWS JSON 1.0 and 1.1: the operation in X-Amz-Target, one JSON document each way
// (smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
import { jsonIn } from '../json-text.ts';
import type { Contract, Structure } from '../contract.ts';
import type { Fault } from '../fault.ts';
import type { WireRequest, WireResponse } from '../wire.ts';
import { textOf } from './bytes.ts';
import {
  type Codec,
  describeFault,
  type FaultFacts,
  faultFields,
  type ReplyTo,
  type Route,
} from './protocol.ts';
import { malformed, readStructure, writeStructure } from './value.ts';

/** The JSON document in a body; an empty body is an empty document. */
export function parseJson(body: Uint8Array): unknown {
  if (body.length === 0) return {};
  const text = textOf(body);
  if (text === undefined) throw malformed('The request body is not valid UTF-8');
  try {
    return jsonIn(text);
  } catch {
    throw malformed('The request body is not valid JSON');
  }
}

/**
 * The members of an error's document: its modelled fields and its message, if it has one, under the name the model gives it.
 */
export function faultDocument(facts: FaultFacts, fault: Fault): Record<string, unknown> {
  const document =
    facts.shape === undefined ? {} : writeStructure(facts.shape, faultFields(facts, fault), 'json');
  const message = facts.shape?.members.find((member) => member.name.toLowerCase() === 'message');
  if (fault.message !== '') document[message?.jsonName ?? 'message'] = fault.message;
  return document;
}

/** Services that keep their old query error codes show them in a header to JSON and CBOR clients. */
export function queryErrorHeader(contract: Contract, facts: FaultFacts): Record<string, string> {
  if (contract.header.queryCompatible !== 1) return {};
  return { 'x-amzn-query-error': `${facts.queryCode};${facts.server ? 'Receiver' : 'Sender'}` };
}

/**
 * The namespace that JSON 1.0 services put before an error's name; AWS's own shared errors have one of their
 * own.
 */
export function typeName(contract: Contract, facts: FaultFacts): string {
  const { namespace } = contract.header;
  if (namespace === undefined) return facts.code;
  if (facts.shape !== undefined) return `${namespace}#${facts.code}`;
  return `com.amazon.coral.${facts.code === 'ValidationException' ? 'validate' : 'service'}#${facts.code}`;
}

function headers(to: ReplyTo): Record<string, string> {
  return {
    'content-type': `application/x-amz-json-${to.contract.header.jsonVersion ?? '1.1'}`,
    'x-amzn-requestid': to.requestId,
  };
}

export const json: Codec = {
  read(route: Route, wire: WireRequest): Record<string, unknown> {
    const document = parseJson(wire.body);
    const { input } = route.operation;
    return input === undefined ? {} : readStructure(input, document, 'json');
  },

  write(to, output: Structure): WireResponse {
    const shape = to.operation.output;
    // Operations without an output answer with an empty body in JSON 1.1 and an empty document in 1.0.
    const empty = shape === undefined && to.contract.header.jsonVersion !== '1.0';
    const text = empty
      ? ''
      : JSON.stringify(shape === undefined ? {} : writeStructure(shape, output, 'json'));
    return { status: 200, headers: headers(to), body: text };
  },

  writeFault(to, fault): WireResponse {
    const facts = describeFault(to.contract, fault, 'json');
    const document = { __type: typeName(to.contract, facts), ...faultDocument(facts, fault) };
    return {
      status: facts.status,
      headers: { ...headers(to), ...queryErrorHeader(to.contract, facts) },
      body: JSON.stringify(document),
    };
  },
};
