// EC2's own query protocol: lists without `member`, its own capital letters, answers without a result element
// (smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html).
import type { Structure } from '../contract.ts';
import type { WireRequest, WireResponse } from '../wire.ts';
import { parseForm, structureOfForm } from './form.ts';
import { type Codec, describeFault, type Route } from './protocol.ts';
import { xmlOfFault } from './query.ts';
import { xmlOfMembers } from './xml-shape.ts';
import { escapeXml } from './xml.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

function answer(status: number, requestId: string, xml: string): WireResponse {
  const headers = { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId };
  return { status, headers, body: declaration + xml };
}

export const ec2Query: Codec = {
  read(route: Route, wire: WireRequest): Record<string, unknown> {
    const { input } = route.operation;
    return input === undefined ? {} : structureOfForm(input, route.form ?? parseForm(wire), 'ec2');
  },

  write(to, output: Structure): WireResponse {
    const { name, output: shape } = to.operation;
    // Operations without an output say that they succeeded, in an element that no model mentions.
    const members = shape === undefined ? '<return>true</return>' : xmlOfMembers(shape, output);
    const id = `<requestId>${escapeXml(to.requestId)}</requestId>`;
    const { xmlNamespace = '' } = to.contract.header;
    return answer(
      200,
      to.requestId,
      `<${name}Response xmlns="${xmlNamespace}">${id}${members}</${name}Response>`,
    );
  },

  writeFault(to, fault): WireResponse {
    const facts = describeFault(to.contract, fault, 'ec2');
    const errors = `<Errors><Error>${xmlOfFault(facts, fault)}</Error></Errors>`;
    const xml = `<Response>${errors}<RequestID>${escapeXml(to.requestId)}</RequestID></Response>`;
    return answer(facts.status, to.requestId, xml);
  },
};
