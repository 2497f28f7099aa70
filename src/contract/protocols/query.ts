// AWS Query: a form in, XML out with the result in its own element
// (smithy.io/2.0/aws/protocols/aws-query-protocol.html).
import type { Structure } from '../contract.ts';
import type { Fault } from '../fault.ts';
import type { WireRequest, WireResponse } from '../wire.ts';
import { parseForm, structureOfForm } from './form.ts';
import { type Codec, describeFault, type FaultFacts, faultFields, type Route } from './protocol.ts';
import { xmlOfMembers } from './xml-shape.ts';
import { escapeXml } from './xml.ts';

function answer(status: number, requestId: string, xml: string): WireResponse {
  return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body: xml };
}

/** An error's code, message and further members, as all XML protocols write them. */
export function xmlOfFault(facts: FaultFacts, fault: Fault): string {
  const members =
    facts.shape === undefined ? '' : xmlOfMembers(facts.shape, withoutMessage(faultFields(facts, fault)));
  const text = fault.inQuery ?? fault.message;
  const message = text === '' ? '' : `<Message>${escapeXml(text)}</Message>`;
  return `<Code>${escapeXml(facts.code)}</Code>${message}${members}`;
}

function withoutMessage(fields: Structure): Structure {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !/^(message|code)$/iu.test(name)));
}

export const query: Codec = {
  read(route: Route, wire: WireRequest): Record<string, unknown> {
    const { input } = route.operation;
    return input === undefined ? {} : structureOfForm(input, route.form ?? parseForm(wire), 'query');
  },

  write(to, output: Structure): WireResponse {
    const { name, output: shape, resultWrapper = `${name}Result` } = to.operation;
    const members = shape === undefined ? '' : xmlOfMembers(shape, output);
    const full = members === '' ? `<${resultWrapper}/>` : `<${resultWrapper}>${members}</${resultWrapper}>`;
    const result = shape === undefined ? '' : full;
    const metadata = `<ResponseMetadata><RequestId>${escapeXml(to.requestId)}</RequestId></ResponseMetadata>`;
    const { xmlNamespace = '' } = to.contract.header;
    return answer(
      200,
      to.requestId,
      `<${name}Response xmlns="${xmlNamespace}">${result}${metadata}</${name}Response>`,
    );
  },

  writeFault(to, fault): WireResponse {
    if (fault.shape === 'UnknownOperationException')
      return answer(404, to.requestId, '<UnknownOperationException/>\n');
    const facts = describeFault(to.contract, fault, 'query');
    const type = facts.server ? 'Receiver' : 'Sender';
    const error = `<Error><Type>${type}</Type>${xmlOfFault(facts, fault)}</Error>`;
    const { xmlNamespace = '' } = to.contract.header;
    const id = `<RequestId>${escapeXml(to.requestId)}</RequestId>`;
    return answer(
      facts.status,
      to.requestId,
      `<ErrorResponse xmlns="${xmlNamespace}">${error}${id}</ErrorResponse>`,
    );
  },
};
