// What a broken or hostile request gets: its protocol's own 4xx, never a 500 and never a polluted object.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadContract } from '../../src/contract/load.ts';
import { decodeCbor, encodeCbor } from '../../src/contract/protocols/cbor.ts';
import { Tagged } from '../../src/contract/protocols/value.ts';
import { escapeXml, parseXml } from '../../src/contract/protocols/xml.ts';
import { base64, fromBase64, utf8Length } from '../../src/contract/protocols/bytes.ts';
import { Fault } from '../../src/contract/fault.ts';
import type { WireRequest } from '../../src/contract/wire.ts';
import { exchange, formRequest, jsonRequest, wire } from './exchange.ts';

const putItem = 'DynamoDB_20120810.PutItem';
const lambdaHost = 'lambda.us-east-1.amazonaws.com';

function nested(levels: number): string {
  return `{"TableName":"t","Item":{"a":${'{"L":['.repeat(levels)}{"S":"x"}${']}'.repeat(levels)}}}`;
}

describe('JSON', () => {
  it.each([
    ['{"TableName":', 'The request body is not valid JSON'],
    ['[]', 'Start of list found where not expected'],
    ['"x"', 'Expected map or null'],
    ['{"TableName":1}', 'NUMBER_VALUE cannot be converted to String'],
    ['{"TableName":true}', 'TRUE_VALUE cannot be converted to String'],
    ['{"TableName":{}}', 'Start of structure or map found where not expected.'],
    ['{"TableName":[]}', 'Start of list found where not expected'],
    ['{"Item":"x"}', 'Expected map or null'],
    ['{"Item":{"a":{"B":"abc"}}}', 'Base64 encoded length is expected a multiple of 4 bytes but found: 3'],
    ['{"Item":{"a":{"B":"ab!="}}}', 'Invalid Base64 character'],
    ['{"Item":{"a":null}}', 'Expected map or null'],
    [nested(200), 'The request is nested too deeply'],
    [`{"x":${'['.repeat(200_000)}`, 'The request body is not valid JSON'],
  ])('%.40s', (body, message) => {
    const { fault, response, text } = exchange(jsonRequest(putItem, body));
    expect(fault?.message).toBe(message);
    expect(response?.status).toBe(400);
    expect(JSON.parse(text ?? '')).toMatchObject({
      __type: 'com.amazon.coral.service#SerializationException',
    });
  });

  it.each(['1.5', '2147483648', '1e400', '"1"', 'true'])('refuses %s as an integer', (number) => {
    const { fault } = exchange(
      jsonRequest('DynamoDB_20120810.Scan', `{"TableName":"tab","Limit":${number}}`),
    );
    expect(fault?.shape).toBe('SerializationException');
  });

  it('refuses bytes that are not UTF-8', () => {
    const request = { ...jsonRequest(putItem, ''), body: Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d) };
    expect(exchange(request).fault?.shape).toBe('SerializationException');
  });

  it('keeps __proto__ as a key and ignores members that the model does not have', () => {
    const body =
      '{"StreamName":"s","Tags":{"__proto__":"v","constructor":"w"},"__proto__":{"polluted":1},"Foo":2}';
    const { input } = exchange(jsonRequest('Kinesis_20131202.AddTagsToStream', body));
    expect(Object.keys(input ?? {})).toEqual(['StreamName', 'Tags']);
    expect(Object.entries(input?.['Tags'] as object)).toEqual([
      ['__proto__', 'v'],
      ['constructor', 'w'],
    ]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('takes an empty body as an empty document, and null as absent', () => {
    expect(exchange(jsonRequest('CodeDeploy_20141006.ListApplications', '')).input).toEqual({});
    expect(exchange(jsonRequest('CodeDeploy_20141006.ListApplications', '{"nextToken":null}')).input).toEqual(
      {},
    );
  });

  it('reads timestamps as epoch milliseconds', () => {
    const body = '{"createTimeRange":{"start":1422172800.5,"end":1422172801}}';
    expect(exchange(jsonRequest('CodeDeploy_20141006.ListDeployments', body)).input).toEqual({
      createTimeRange: { start: 1_422_172_800_500, end: 1_422_172_801_000 },
    });
  });

  it('answers broken REST JSON with the error type header', () => {
    const { response } = exchange(wire({ host: lambdaHost, path: '/2015-03-31/functions', body: '{' }));
    expect(response?.status).toBe(400);
    expect(response?.headers['x-amzn-errortype']).toBe('SerializationException');
  });
});

describe('query', () => {
  const sns = 'sns.us-east-1.amazonaws.com';
  const ec2 = 'ec2.us-east-1.amazonaws.com';

  it.each([
    [sns, 'Action=CreateTopic&Version=2010-03-31&Name=%zz', 'MalformedQueryString'],
    [sns, 'Action=CreateTopic&Version=2010-03-31&Name=%ff', 'MalformedQueryString'],
    [sns, 'Action=CreateTopic&Version=2010-03-31&Name=a&Name=b', 'MalformedQueryString'],
    [sns, 'Action=CreateTopic&Version=2010-03-31&Name=a&Tags.member.x.Key=k', 'MalformedQueryString'],
    [sns, `Action=CreateTopic&Version=2010-03-31&Name${'.a'.repeat(100)}=b`, 'MalformedQueryString'],
    [sns, 'Action=CreateTopic&Version=2010-03-31&Name.a=b', 'MalformedInput'],
    [sns, 'Action=CreateTopic&Version=2010-03-31&Name=a&Attributes.entry.1.key=k', 'MalformedInput'],
    [
      'autoscaling.us-east-1.amazonaws.com',
      'Action=SetDesiredCapacity&Version=2011-01-01&DesiredCapacity=x',
      'MalformedInput',
    ],
    [
      'autoscaling.us-east-1.amazonaws.com',
      'Action=SetDesiredCapacity&Version=2011-01-01&HonorCooldown=maybe',
      'MalformedInput',
    ],
    [ec2, 'Action=DescribeInstances&Version=2016-11-15&MaxResults=x', 'InvalidParameterValue'],
    [ec2, 'Action=DescribeInstances&Version=2016-11-15&Colour=red', 'UnknownParameter'],
    [ec2, 'Action=DescribeInstances&Version=2016-11-15&Filter.1.Nmae=x', 'UnknownParameter'],
    [ec2, 'Action=DescribeInstances&Version=2016-11-15&InstanceId.one=x', 'MalformedQueryString'],
  ])('%s %.70s: %s', (host, body, code) => {
    const { response, text } = exchange(formRequest(host, body));
    expect(text).toContain(`<Code>${code}</Code>`);
    expect(response?.status).toBe(400);
    expect(() => parseXml(text ?? '')).not.toThrow();
  });

  it('reads what a GET carries, and leaves the parameters of signing alone', () => {
    const query =
      'Action=DescribeInstances&Version=2016-11-15&InstanceId.2=b&InstanceId.10=c&InstanceId.1=a' +
      '&X-Amz-Date=1&AWSAccessKeyId=k';
    expect(exchange(wire({ method: 'GET', query, host: ec2 })).input).toEqual({
      InstanceIds: ['a', 'b', 'c'],
    });
  });

  it('reads an empty list and a key called __proto__', () => {
    const body =
      'Action=CreateTopic&Version=2010-03-31&Name=a&Tags=' +
      '&Attributes.entry.1.key=__proto__&Attributes.entry.1.value=v';
    const { input } = exchange(formRequest(sns, body));
    expect(input).toMatchObject({ Name: 'a', Tags: [] });
    expect(Object.entries(input?.['Attributes'] as object)).toEqual([['__proto__', 'v']]);
  });
});

describe('XML', () => {
  const put = (body: string): WireRequest =>
    wire({ method: 'PUT', path: '/b', query: 'tagging', host: 's3.amazonaws.com', body });
  const tag = '<TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet>';

  it.each([
    ['<Tagging>'],
    ['not xml'],
    [`<!DOCTYPE x [<!ENTITY a "b">]><Tagging>${tag}</Tagging>`],
    ['<Tagging>&a;</Tagging>'],
    ['<Tagging>&#0xx;</Tagging>'],
    [`<Other>${tag}</Other>`],
    [`<Tagging>${tag}${tag}</Tagging>`],
    [`<Tagging>${tag}<Colour/></Tagging>`],
    ['<Tagging><TagSet><Tga/></TagSet></Tagging>'],
    [`<Tagging>${tag}</Tagging><Tagging/>`],
    [`<Tagging a="1" a="2">${tag}</Tagging>`],
    [`<Tagging>${'<a>'.repeat(100_000)}`],
  ])('%.60s is malformed', (body) => {
    const { response, text } = exchange(put(body));
    expect(response?.status).toBe(400);
    expect(text).toContain('<Code>MalformedXML</Code>');
  });

  it('takes declarations, comments, CDATA, prefixes and references', () => {
    const strange = '<Tag><Key><![CDATA[<k>]]></Key><Value>&#x41;&#66;&lt;</Value></Tag>';
    const body = `<?xml version="1.0"?><!-- c --><s3:Tagging xmlns:s3="x"><TagSet>${strange}</TagSet></s3:Tagging>`;
    expect(exchange(put(body)).input).toEqual({
      Bucket: 'b',
      Tagging: { TagSet: [{ Key: '<k>', Value: 'AB<' }] },
    });
  });

  it('takes an attribute of many megabytes', () => {
    const value = 'x'.repeat(16_000_000);
    expect(parseXml(`<a b="${value}"/>`).attributes.get('b')).toHaveLength(value.length);
  });

  it('escapes what it writes so that it reads the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(parseXml(`<a>${escapeXml(text)}</a>`).text).toBe(text);
      }),
    );
  });
});

describe('CBOR', () => {
  it('reads what it writes', () => {
    const values = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.double({ noNaN: true }),
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
        fc.uint8Array(),
        fc.integer().map((seconds) => new Tagged(1, seconds)),
        fc.array(tie('value'), { maxLength: 5 }),
        fc.dictionary(fc.string(), tie('value'), { maxKeys: 5, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(values, (value) => {
        expect(decodeCbor(encodeCbor(value))).toEqual(value);
      }),
    );
  });

  it.each([
    '',
    '18',
    '61',
    '9f',
    'bf6161',
    'ff',
    '81ff',
    'a101',
    '61ff',
    '1c',
    'f800',
    '0000',
    '9bffffffffffffffff',
    '5f6161ff',
    'd8',
  ])('refuses %s', (hex) => {
    expect(() => decodeCbor(Uint8Array.from(Buffer.from(hex, 'hex')))).toThrow(Fault);
  });

  it('refuses deep nesting and reads indefinite lengths', () => {
    expect(() => decodeCbor(new Uint8Array(10_000).fill(0x81))).toThrow(Fault);
    expect(decodeCbor(Uint8Array.from(Buffer.from('bf61619f0102ff61627f61786179ffff', 'hex')))).toEqual({
      a: [1, 2],
      b: 'xy',
    });
    expect(decodeCbor(Uint8Array.from(Buffer.from('f93c00', 'hex')))).toBe(1);
  });
});

describe('base64', () => {
  it('is what Buffer has, both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(base64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect([...(fromBase64(base64(bytes)) ?? [])]).toEqual([...bytes]);
      }),
    );
  });

  it.each(['a', 'ab=', 'a===', '====', 'ab==cd==', 'aé==', 'ab c'])('refuses %s', (text) =>
    expect(fromBase64(text)).toBeUndefined(),
  );
});

describe('the length of a text', () => {
  it('is that of its UTF-8, surrogates that stand alone included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (units, characters) => {
        const text = `é€😀\ud83d${units}\ude00${characters}`;
        expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
      }),
    );
  });
});

describe('any request', () => {
  const change = 'ChangeResourceRecordSetsRequest';
  const cborPath = '/service/GraniteServiceVersion20100801/operation/PutMetricData';
  const seeds: readonly WireRequest[] = [
    jsonRequest(putItem, '{"TableName":"tab","Item":{"id":{"S":"1"},"m":{"M":{"n":{"N":"1"}}}}}'),
    jsonRequest(
      'CodeDeploy_20141006.CreateDeployment',
      '{"applicationName":"a","revision":{"revisionType":"S3","s3Location":{"bucket":"b"}}}',
    ),
    formRequest(
      'autoscaling.us-east-1.amazonaws.com',
      'Action=CreateOrUpdateTags&Version=2011-01-01&Tags.member.1.Key=k&Tags.member.1.Value=v',
    ),
    formRequest(
      'ec2.us-east-1.amazonaws.com',
      'Action=RunInstances&Version=2016-11-15&MinCount=1&MaxCount=2&TagSpecification.1.Tag.1.Key=k',
    ),
    wire({
      host: lambdaHost,
      path: '/2015-03-31/functions/f/aliases',
      body: '{"Name":"live","FunctionVersion":"1"}',
    }),
    wire({
      method: 'PUT',
      path: '/b/k',
      query: 'tagging&versionId=1',
      host: 's3.amazonaws.com',
      body: '<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>',
    }),
    wire({
      host: 'route53.amazonaws.com',
      path: '/2013-04-01/hostedzone/Z1/rrset/',
      body: `<${change}><ChangeBatch><Changes/></ChangeBatch></${change}>`,
    }),
    wire({
      path: cborPath,
      headers: { 'smithy-protocol': 'rpc-v2-cbor' },
      body: encodeCbor({ Namespace: 'n', MetricData: [{ MetricName: 'm', Timestamp: new Tagged(1, 1) }] }),
    }),
  ];

  const edits = fc.array(
    fc.tuple(
      fc.nat(),
      fc.constantFrom('set', 'cut', 'insert', 'repeat'),
      fc.oneof(fc.nat(255), fc.constantFrom(0, 0x22, 0x7b, 0x5b, 0x3c, 0x26, 0x2e, 0x25, 0xff)),
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  );

  function mutated(bytes: Uint8Array, changes: readonly (readonly [number, string, number])[]): Uint8Array {
    const out = [...bytes];
    for (const [where, what, byte] of changes) {
      const at = out.length === 0 ? 0 : where % out.length;
      if (what === 'set') out[at] = byte;
      else if (what === 'cut') out.splice(at, byte % 8);
      else if (what === 'insert') out.splice(at, 0, byte);
      else out.splice(at, 0, ...out.slice(at, at + 20));
    }
    return Uint8Array.from(out);
  }

  it.each(seeds.map((seed) => [seed]))('read or refused, never a crash: $path', (seed) => {
    expect(exchange(seed).fault?.shape).not.toBe('SerializationException');
    fc.assert(
      fc.property(edits, fc.boolean(), (changes, inPath) => {
        const text = new TextDecoder('latin1').decode(
          mutated(new TextEncoder().encode(`${seed.path}?${seed.query}`), changes),
        );
        const [path = '/', query = ''] = text.split('?');
        const request = inPath ? { ...seed, path, query } : { ...seed, body: mutated(seed.body, changes) };
        const outcome = exchange(request);
        const status = outcome.response?.status ?? 200;
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 200, seed: 42 },
    );
  });

  it('may name any operation of any contract', () => {
    for (const id of ['codedeploy', 'kinesis']) {
      const contract = loadContract(id);
      for (const name of contract.operationNames) {
        const outcome = exchange(jsonRequest(`${contract.header.targetPrefix}.${name}`, {}));
        expect(outcome.operation).toBe(name);
      }
    }
  });
});
