// TestDNSAnswer: what name servers would answer now.

import { Fault } from '#contract/fault.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { nameServers } from './answers.ts';
import { isWithin, normalName } from './names.ts';
import { zoneOf } from './tables.ts';

type RecordType = Output<'route53', 'TestDNSAnswer'>['RecordType'];

export const testAnswerOperations: Operations<'route53'> = {
  TestDNSAnswer(ctx, { HostedZoneId, RecordName, RecordType }) {
    const zone = zoneOf(ctx, HostedZoneId);
    if (zone.isPrivate) {
      throw new Fault('InvalidInput', 'TestDNSAnswer is not supported for private hosted zones.');
    }
    const name = normalName(RecordName);
    if (typeof name !== 'string') throw new Fault('InvalidInput', name.problem);
    if (!isWithin(name, zone.name))
      throw new Fault('InvalidInput', `Record name ${name} is not within the hosted zone ${zone.name}`);
    const { code, records } = nameServers.answer(ctx, { name, type: RecordType }, `test/${ctx.now}`);
    const asked = records.filter((record) => record.type === RecordType);
    return {
      Nameserver: zone.nameServers[0] ?? '',
      RecordName: name,
      RecordType: RecordType as RecordType,
      RecordData: (asked.length > 0 ? asked : records).map(({ data }) => data),
      ResponseCode: code,
      Protocol: 'UDP',
    };
  },
};
