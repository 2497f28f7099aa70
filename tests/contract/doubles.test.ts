// Doubles that are whole numbers, in answers of CloudWatch that LocalStack's tests recorded (test_cloudwatch.snapshot.json).

import { expect, it } from 'vitest';
import { writeResponse } from '#contract/codec.ts';
import type { Operation } from '#contract/contract.ts';
import { loadContract } from '#contract/load.ts';

const output = { MetricAlarms: [{ AlarmName: 'a', Period: 60, Threshold: 30 }] };

function written(protocol: 'json' | 'smithy-rpc-v2-cbor') {
  const contract = loadContract('monitoring');
  const operation = contract.operation('DescribeAlarms') as Operation;
  return writeResponse({ contract, protocol, operation, labels: {}, form: undefined }, output, 'id').body;
}

it('are written as doubles in JSON, where the engine can', () => {
  const expected = 'rawJSON' in JSON ? '"Threshold":30.0' : '"Threshold":30';
  expect(written('json')).toContain(expected);
  expect(written('json')).toContain('"Period":60,');
});

it('are written as doubles in CBOR', () => {
  const bytes = [...(written('smithy-rpc-v2-cbor') as Uint8Array)];
  const name = [...new TextEncoder().encode('Threshold')];
  const at = bytes.findIndex((_, index) => name.every((byte, place) => bytes[index + place] === byte));
  expect(bytes[at + name.length]).toBe(0xfb);
});
