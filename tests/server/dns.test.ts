import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { dns } from '#cloud/ports/dns.ts';
import { serveNames } from '#server/dns.ts';
import type { NameServer } from '#server/dns.ts';
import { serve } from '#server/serve.ts';
import { readQuery, writeAnswer } from '#server/dns-message.ts';
import { plain, Route53Stand } from '../../src/services/route53/test-stand.ts';

const open: NameServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function served(stand: Route53Stand): Promise<{ resolver: Resolver; port: number }> {
  const server = await serveNames({
    port: 0,
    answer: (query, key) => stand.table.read((ctx) => ctx.port(dns).answer(ctx, query, key)),
    crashed: (error) => {
      throw error;
    },
  });
  open.push(server);
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.port}`]);
  return { resolver, port: server.port };
}

/** A query as bytes. */
function query(name: string, type: number, { id = 7, flags = 0x0100, edns = 0 } = {}): Buffer {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  const header = [0, 1, 0, 0, 0, 0, 0, edns > 0 ? 1 : 0];
  const extra = edns > 0 ? [0, 0, 41, edns >> 8, edns & 255, 0, 0, 0, 0, 0, 0] : [];
  return Buffer.from([
    id >> 8,
    id & 255,
    flags >> 8,
    flags & 255,
    ...header,
    ...labels,
    0,
    type >> 8,
    type & 255,
    0,
    1,
    ...extra,
  ]);
}

function overUdp(port: number, bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.on('message', (message) => {
      socket.close();
      resolve(message);
    });
    socket.send(bytes, port, '127.0.0.1');
  });
}

describe('the name server', () => {
  it('answers a resolver for every type of record', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    await stand.put(
      plain('a.example.com', 'A', ['192.0.2.1', '192.0.2.2'], { TTL: 77 }),
      plain('a.example.com', 'AAAA', ['2001:db8::7', '::ffff:192.0.2.1']),
      plain('c.example.com', 'CNAME', ['a.example.com']),
      plain('example.com', 'MX', ['10 mail.example.com', '20 mail.example.net.']),
      plain('t.example.com', 'TXT', ['"one; \\"two\\"" "three"', '"\\344"']),
      plain('_http._tcp.example.com', 'SRV', ['1 2 8080 a.example.com']),
      plain('example.com', 'CAA', ['0 issue "ca.example.net"']),
      plain('7.example.com', 'PTR', ['a.example.com']),
      plain('*.wild.example.com', 'A', ['192.0.2.9']),
    );
    const { resolver } = await served(stand);
    const a = await resolver.resolve4('A.Example.com', { ttl: true });
    expect(a.map(({ address }) => address).toSorted()).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(a[0]?.ttl).toBe(77);
    expect((await resolver.resolve6('a.example.com')).toSorted()).toEqual([
      '2001:db8::7',
      '::ffff:192.0.2.1',
    ]);
    expect(await resolver.resolve4('c.example.com')).toHaveLength(2);
    expect(await resolver.resolveCname('c.example.com')).toEqual(['a.example.com']);
    expect(
      (await resolver.resolveMx('example.com')).toSorted((l, r) => l.priority - r.priority),
    ).toMatchObject([
      { exchange: 'mail.example.com', priority: 10 },
      { exchange: 'mail.example.net', priority: 20 },
    ]);
    const texts = await resolver.resolveTxt('t.example.com');
    expect(texts).toContainEqual(['one; "two"', 'three']);
    expect(await resolver.resolveSrv('_http._tcp.example.com')).toMatchObject([
      { name: 'a.example.com', port: 8080, priority: 1, weight: 2 },
    ]);
    expect(await resolver.resolveCaa('example.com')).toMatchObject([
      { critical: 0, issue: 'ca.example.net' },
    ]);
    expect(await resolver.resolvePtr('7.example.com')).toEqual(['a.example.com']);
    expect(await resolver.resolve4('x.wild.example.com')).toEqual(['192.0.2.9']);
    expect(await resolver.resolveNs('example.com')).toHaveLength(4);
    expect(await resolver.resolveSoa('example.com')).toMatchObject({
      hostmaster: 'awsdns-hostmaster.amazon.com',
      minttl: 86_400,
      serial: 1,
    });
  });

  it('says what does not exist, what has no record of a type, and what is not its own', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    await stand.put(plain('a.example.com', 'A', ['192.0.2.1']));
    const { resolver, port } = await served(stand);
    await expect(resolver.resolve4('none.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.resolve6('a.example.com')).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4('example.org')).rejects.toMatchObject({ code: 'EREFUSED' });
    // HTTPS records, which browsers ask for, are none of those that are known here.
    const https = await overUdp(port, query('a.example.com', 65));
    expect([https.readUInt16BE(2) & 15, https.readUInt16BE(6), https.readUInt16BE(8)]).toEqual([0, 0, 1]);
  });

  it('leads to the addresses of load balancers, by their own names and by aliases', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const blue = await stand.balancer('blue', { fixed: '200' });
    const AliasTarget = { HostedZoneId: blue.zoneId, DNSName: blue.host, EvaluateTargetHealth: true };
    await stand.put({ Name: 'www.example.com', Type: 'A', AliasTarget });
    const { resolver } = await served(stand);
    const own = (await resolver.resolve4(blue.host)).toSorted();
    expect(own).toHaveLength(2);
    expect((await resolver.resolve4('www.example.com')).toSorted()).toEqual(own);
  });

  it('sends what does not fit into a datagram over TCP', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const many = Array.from({ length: 100 }, (_, i) => `192.0.2.${i}`);
    await stand.put(plain('many.example.com', 'A', many));
    const { resolver, port } = await served(stand);
    const short = await overUdp(port, query('many.example.com', 1));
    expect([(short.readUInt16BE(2) >> 9) & 1, short.readUInt16BE(6)]).toEqual([1, 0]);
    expect(await resolver.resolve4('many.example.com')).toHaveLength(100);
  });

  it('answers several messages of one connection, however they are cut', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    await stand.put(plain('a.example.com', 'A', ['192.0.2.1']));
    const { port } = await served(stand);
    const ids = await new Promise<number[]>((resolve) => {
      const found: number[] = [];
      let pending = Buffer.alloc(0);
      const socket = connect(port, '127.0.0.1', () => {
        const framed = [1, 2].map((id) => {
          const message = query('a.example.com', 1, { id });
          return Buffer.concat([Buffer.from([0, message.length]), message]);
        });
        const all = Buffer.concat(framed);
        socket.write(all.subarray(0, 9));
        setTimeout(() => socket.write(all.subarray(9)), 5);
      });
      socket.on('data', (piece: Buffer) => {
        pending = Buffer.concat([pending, piece]);
        while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
          found.push(pending.readUInt16BE(2));
          pending = pending.subarray(2 + pending.readUInt16BE(0));
        }
        if (found.length < 2) return;
        socket.destroy();
        resolve(found);
      });
    });
    expect(ids).toEqual([1, 2]);
  });

  it('refuses a port that is taken', async () => {
    const stand = new Route53Stand();
    const { port } = await served(stand);
    const again = serveNames({
      port,
      answer: () => ({ code: 'REFUSED', records: [], authority: [] }),
      crashed() {},
    });
    await expect(again).rejects.toMatchObject({ code: 'dns-port-unavailable' });
  });
});

it('answers beside a served world by what clients have written there', async () => {
  const crashes: unknown[] = [];
  const world = await serve({
    port: 0,
    dnsPort: 0,
    seed: 'dns',
    clock: 1,
    timings: 'instant',
    version: 'test',
    crashed: (error) => void crashes.push(error),
  });
  const route53 = new Route53Client({
    endpoint: world.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const zone = { Name: 'example.com', CallerReference: '1' };
  const { HostedZone } = await route53.send(new CreateHostedZoneCommand(zone));
  const Changes = [
    { Action: 'UPSERT' as const, ResourceRecordSet: plain('www.example.com', 'A', ['192.0.2.1']) },
  ];
  const change = { HostedZoneId: HostedZone?.Id, ChangeBatch: { Changes } };
  await route53.send(new ChangeResourceRecordSetsCommand(change));
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([`127.0.0.1:${world.dnsPort}`]);
  expect(await resolver.resolve4('www.example.com')).toEqual(['192.0.2.1']);
  await world.close();
  expect(crashes).toEqual([]);
});

describe('DNS messages', () => {
  it('that are answers, or too short, are left alone; odd ones are answered with an error', () => {
    expect(readQuery(query('a.b', 1, { flags: 0x8000 }))).toEqual({ kind: 'ignore' });
    expect(readQuery(Buffer.alloc(11))).toEqual({ kind: 'ignore' });
    expect(readQuery(query('a.b', 1, { flags: 0x2800 }))).toEqual({ kind: 'error', id: 7, code: 'NOTIMP' });
    const pointing = Buffer.from([0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1]);
    expect(readQuery(pointing)).toEqual({ kind: 'error', id: 7, code: 'FORMERR' });
    expect(readQuery(query('a.b', 1).subarray(0, -1))).toEqual({ kind: 'error', id: 7, code: 'FORMERR' });
    expect(readQuery(query('WwW.a*b', 1, { edns: 4096 }))).toMatchObject({
      request: { name: 'www.a\\052b.', type: 'A', payloadBytes: 4096, recursionDesired: true },
    });
  });

  it('of any bytes are read and answered without harm', () => {
    const record = { name: 'a.b.', type: 'TXT', ttlSeconds: 1, data: '"x"' };
    const harmless = (bytes: Uint8Array): void => {
      const reading = readQuery(bytes);
      if (reading.kind !== 'query') return;
      const answer = { code: 'NOERROR', records: [record], authority: [] } as const;
      expect(writeAnswer(reading.request, answer, 512).length).toBeLessThanOrEqual(512);
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), harmless), { numRuns: 500 });
    const valid = query('www.example.com', 1, { edns: 1232 });
    const damaged = fc.tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length));
    fc.assert(
      fc.property(fc.array(damaged, { maxLength: 6 }), (damages) => {
        let bytes = Buffer.from(valid);
        for (const [at, byte, length] of damages) {
          if (at < bytes.length) bytes[at] = byte;
          if (byte > 200) bytes = bytes.subarray(0, length);
        }
        harmless(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});
