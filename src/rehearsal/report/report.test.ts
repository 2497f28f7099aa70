import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Measurement, MeasuredBucket } from '#traffic/measure.ts';
import type { RunResult } from '../result.ts';
import { chronicle } from './chronicle.ts';
import { htmlReport } from './html.ts';
import { pointsOf } from './points.ts';
import { xOf } from './svg.ts';

/** Instants are seconds from the first request here; the release begins after a minute. */
const at = (seconds: number): number => 1_767_603_600_000 + seconds * 1000;
const BUCKET_MS = 10_000;

type Given = Partial<Omit<MeasuredBucket, 'at'>>;

function bucket(seconds: number, given: Given): MeasuredBucket {
  const healthy = { requests: 100, failed: 0, byVersion: { v1: 100 }, answered: { v1: 100 }, byReason: {} };
  return { at: at(seconds), p50: 10, p99: 100, serving: 2, ...healthy, ...given };
}

/** v1 for a minute, nobody for ten seconds, then v2, one request of ten of which fails, for 50 seconds. */
const series: MeasuredBucket[] = Array.from({ length: 12 }, (_, i) =>
  bucket(
    i * 10,
    i < 6
      ? {}
      : i === 6
        ? { failed: 100, byVersion: {}, answered: {}, byReason: { 'no target': 100 }, serving: 0, p99: 0 }
        : { failed: 10, byVersion: { v2: 100 }, answered: { v2: 90 }, byReason: { application: 10 } },
  ),
);

const measurement: Measurement = {
  load: 'load-1',
  from: at(0),
  to: at(120),
  bucketMs: BUCKET_MS,
  requests: 1200,
  failed: 150,
  inFlight: 0,
  availability: 0.875,
  byVersion: { v1: { requests: 600, failed: 0 }, v2: { requests: 500, failed: 50 } },
  byStatus: { 200: 1050, 500: 50, 503: 100 },
  byReason: { application: 50, 'no target': 100 },
  p50: 10,
  p90: 20,
  p99: 100,
  max: 200,
  worstBucketP99: 100,
  lowestServing: 0,
  servedBy: { v1: 60_000, v2: 50_000 },
  series,
};

const failing: RunResult = {
  title: 'A release',
  variant: 'all at once',
  seed: 'sandtable',
  ended: 'Failed',
  startedAt: at(60),
  endedAt: at(100),
  measurement,
  badVersion: 'v2',
  extraInstanceHours: 0,
  deployments: [
    {
      deploymentId: 'd-ABC123DEF',
      creator: 'user',
      status: 'Failed',
      createdAt: at(60),
      completedAt: at(100),
      errorCode: 'HEALTH_CONSTRAINTS',
      errorMessage: 'Too many instances failed.',
      targets: ['i-1', 'i-2'].map((instanceId) => ({
        instanceId,
        status: 'Failed',
        events: [
          { name: 'BlockTraffic', status: 'Succeeded', startedAt: at(61), endedAt: at(70) },
          {
            name: 'ValidateService',
            status: 'Failed',
            startedAt: at(80),
            endedAt: at(85),
            error: 'ScriptFailed: exit 1',
          },
          { name: 'AllowTraffic', status: 'Skipped' },
        ],
      })),
    },
  ],
  alarms: [
    {
      at: at(90),
      alarm: 'web-5xx',
      summary: 'Alarm updated from OK to ALARM',
      state: 'ALARM',
      reason: 'Threshold Crossed.',
    },
  ],
  expectations: [{ expectation: 'it ends as <Succeeded>', passed: false, found: 'Failed' }],
  timings: [
    { name: 'codedeploy/x', evidence: 'assumed', typical: [100, 400], source: 'see https://example.com/a.' },
  ],
  facts: {},
  hash: 'cafe',
  virtualMs: 120_000,
  wallMs: 5,
};

describe('the points of a plot', () => {
  it('count every request once: answered by a version, by the balancer, or failed', () => {
    const points = pointsOf(measurement);
    expect(points).toHaveLength(12);
    for (const { requests, failed, answered, answeredByBalancer } of points) {
      const byVersions = Object.values(answered).reduce((sum, count) => sum + count, 0);
      expect(byVersions + answeredByBalancer + failed).toBe(requests);
    }
    expect(points.at(-1)).toMatchObject({ answered: { v2: 90 }, failed: 10, to: at(120) });
  });

  it('keep sums, worst latency and lowest capacity when there are fewer of them than buckets', () => {
    const points = pointsOf(measurement, 4);
    expect(points.map(({ requests }) => requests)).toEqual([300, 300, 300, 300]);
    expect(points.map(({ serving }) => serving)).toEqual([2, 2, 0, 2]);
    expect(points.map(({ at: from }) => from)).toEqual([at(0), at(30), at(60), at(90)]);
  });

  it('leave out a last bucket that has hardly begun', () => {
    expect(pointsOf({ ...measurement, to: at(111) })).toHaveLength(11);
  });
});

it('the chronicle tells in order what happened, in the words of AWS where there are any', () => {
  const lines = chronicle(failing).map(({ at: when, text }) => `${(when - at(60)) / 1000}: ${text}`);
  expect(lines).toEqual([
    '-10: Version v1 answers its last requests.',
    '0: Deployment d-ABC123DEF begins (created by user).',
    '0: Only 0 of 2 targets are able to serve: the lowest, for about 10 s in all.',
    '0: Requests begin to fail because the load balancer has no target to send it to (503): 100 (8.333 % of all) within 10 s.',
    '10: Version v2, the bad version, answers its first requests.',
    '10: Requests begin to fail because the application answers 5xx: 50 (4.167 % of all) within 50 s.',
    '25: ValidateService fails on i-1 and 1 more. ScriptFailed: exit 1',
    '30: Alarm web-5xx updated from OK to ALARM. Threshold Crossed.',
    '40: Deployment d-ABC123DEF ends: Failed. HEALTH_CONSTRAINTS: Too many instances failed.',
  ]);
});

describe('the HTML report', () => {
  const html = htmlReport([failing, { ...failing, variant: 'no traffic' }], []);

  it('holds nothing that a browser would load, and no number that is none', () => {
    expect(html).not.toMatch(/<(?:script|link|img|iframe)\b|@import|url\(|\bsrc=/);
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('escapes what comes from the rehearsal', () => {
    expect(html).toContain('it ends as &lt;Succeeded&gt;');
    expect(html).not.toContain('<Succeeded>');
  });

  it('counts minutes from the beginning of the operation', () => {
    expect(html).toMatch(/class="zero".*?>0 min</s);
    expect(html).toContain('\u221215 s<');
  });

  it('shows results without traffic and without deployments', () => {
    const { measurement: _, ...silent } = failing;
    const bare = htmlReport([{ ...silent, deployments: [], alarms: [], timings: [] }], []);
    expect(bare).toContain('Ended as <b>Failed</b>');
    expect(bare).not.toMatch(/NaN|undefined|<svg/);
  });

  it('keeps every instant within its plot', () => {
    const span = { from: at(0), to: at(10), zero: at(0) };
    expect(xOf(at(-5), span)).toBe(xOf(at(0), span));
    expect(xOf(at(50), span)).toBe(xOf(at(10), span));
  });

  const browser = ['chromium', 'chromium-browser', 'google-chrome'].find(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
  );
  it.skipIf(!browser)(`opens in a browser${browser ? '' : ' (skipped: no Chromium is installed)'}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandtable-report-'));
    try {
      const file = join(folder, 'report.html');
      writeFileSync(file, html);
      const dom = execFileSync(
        browser ?? '',
        [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          `--user-data-dir=${folder}`,
          '--dump-dom',
          `file://${file}`,
        ],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      );
      expect(dom.match(/<svg/g)).toHaveLength(html.match(/<svg/g)?.length ?? 0);
      expect(dom.match(/<section>/g)).toHaveLength(3);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
