// REST JSON: the operation in method and path, members in headers and the query string, the rest as one JSON
// document (smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html).
import type { Structure } from '../contract.ts';
import type { Body, WireRequest, WireResponse } from '../wire.ts';
import { noBytes } from './bytes.ts';
import {
  bodyMembers,
  isRawPayload,
  readBindings,
  readRawPayload,
  withoutBindings,
  writeBindings,
  writeRawPayload,
} from './http-bindings.ts';
import { faultDocument, parseJson } from './json.ts';
import { type Codec, describeFault, faultFields, type Route } from './protocol.ts';
import { readStructure, readValue, writeStructure, writeValue } from './value.ts';

const jsonType = 'application/json';

export const restJson: Codec = {
  read(route: Route, wire: WireRequest, body: Body | undefined): Record<string, unknown> {
    const { input } = route.operation;
    const out = readBindings(route, wire);
    if (input === undefined) return out;
    const { payload } = input;
    if (payload === undefined) {
      if (bodyMembers(input).length === 0 || wire.body.length === 0) return out;
      const members = readStructure(input, parseJson(wire.body), 'json');
      for (const [name, value] of Object.entries(members)) {
        if (input.member(name)?.location === undefined) out[name] = value;
      }
      return out;
    }
    const value = isRawPayload(payload)
      ? readRawPayload(payload, wire, body)
      : wire.body.length === 0
        ? undefined
        : readValue(payload, parseJson(wire.body), 'json');
    if (value !== undefined) out[payload.name] = value;
    return out;
  },

  write(to, output: Structure): WireResponse {
    const shape = to.operation.output;
    const base = { 'x-amzn-requestid': to.requestId };
    if (shape === undefined) return { status: to.operation.status, headers: base, body: noBytes };
    const { headers, status = to.operation.status } = writeBindings(shape, output);
    const { payload } = shape;
    if (payload !== undefined && isRawPayload(payload)) {
      const type = payload.shape.kind === 'string' ? 'text/plain' : jsonType;
      return {
        status,
        headers: { 'content-type': type, ...base, ...headers },
        body: writeRawPayload(payload, output[payload.name]),
      };
    }
    const all = { 'content-type': jsonType, ...base, ...headers };
    if (status === 204) return { status, headers: { ...base, ...headers }, body: noBytes };
    const document =
      payload === undefined
        ? writeStructure(shape, withoutBindings(shape, output), 'json')
        : writeValue(payload, output[payload.name] ?? {}, 'json');
    return { status, headers: all, body: JSON.stringify(document) };
  },

  writeFault(to, fault): WireResponse {
    const facts = describeFault(to.contract, fault, 'rest-json');
    const bound =
      facts.shape === undefined ? {} : writeBindings(facts.shape, faultFields(facts, fault)).headers;
    const document = faultDocument(facts, fault);
    for (const member of facts.shape?.members ?? [])
      if (member.location !== undefined) delete document[member.jsonName];
    return {
      status: facts.status,
      headers: {
        'content-type': jsonType,
        'x-amzn-requestid': to.requestId,
        'x-amzn-errortype': facts.code,
        ...bound,
      },
      body: JSON.stringify(document),
    };
  },
};
