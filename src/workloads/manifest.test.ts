import { describe, expect, it } from 'vitest';
import { DEFAULT_MANIFEST, ManifestError, parseManifest } from './manifest.ts';

function problem(text: string): string {
  try {
    parseManifest(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ManifestError);
    return (error as ManifestError).text;
  }
  return 'none';
}

describe('sandtable.yml', () => {
  it('may be empty', () => {
    expect(parseManifest('')).toEqual(DEFAULT_MANIFEST);
    expect(parseManifest('# nothing\n')).toEqual(DEFAULT_MANIFEST);
  });

  it('describes the application in whole numbers', () => {
    const { application, version, process } = parseManifest(`
process: relocatable
version: 1.10
application:
  port: 80
  start: 1.5s
  stop: 2m
  drain: true
  latency: { p50: 800us, p90: 2ms, p99: 10ms, max: 1s }
  errors: [{ status: 503, share: 2.5%, abovePerSecond: 40 }]
  health: { path: /ok, status: 204 }
  hangsAfter: 90s
`);
    expect({ version, process }).toEqual({ version: '1.10', process: 'relocatable' });
    expect(application).toEqual({
      port: 80,
      startMs: 1500,
      stopMs: 120_000,
      drain: true,
      service: true,
      latency: [
        [0, 400],
        [500_000, 800],
        [900_000, 2000],
        [990_000, 10_000],
        [1_000_000, 1_000_000],
      ],
      errors: [{ status: 503, perMillion: 25_000, abovePerSecond: 40 }],
      health: { path: '/ok', status: 204 },
      hangsAfterMs: 90_000,
    });
  });

  it('describes what scripts do', () => {
    const { hooks } = parseManifest(`hooks:
  scripts/start.sh: { seconds: 2, exit: 3, stdout: "one\\ntwo", starts: true }
  scripts/validate.sh: { seconds: 500ms, healthyWithin: 30s, creates: [/var/run/ok] }
`);
    expect(hooks['scripts/start.sh']).toMatchObject({
      durationMs: 2000,
      exit: 3,
      stdout: ['one', 'two'],
      starts: true,
      hangs: false,
    });
    expect(hooks['scripts/validate.sh']).toMatchObject({
      durationMs: 500,
      healthyWithinMs: 30_000,
      creates: ['/var/run/ok'],
    });
  });

  it('may say that a revision runs no application', () => {
    expect(parseManifest('application: none').application).toBeUndefined();
  });

  it.each([
    [
      'application:\n  prot: 80',
      'sandtable.yml:2: There is no member "prot" here; the members are port, start,',
    ],
    [
      'application:\n  port: 80.5',
      'sandtable.yml:2: port 80.5 is no whole number from 1 to 65535; correct it.',
    ],
    [
      'application:\n  start: 3',
      'sandtable.yml:2: start 3 is no time; give it a unit, such as 800us, 12ms, 1.5s or 2m.',
    ],
    [
      '\napplication:\n  errors: [{ status: 500, share: 0.03 }]',
      'sandtable.yml:3: share 0.03 is no share; write a percentage',
    ],
    [
      'application:\n  latency: { p50: 5ms, p90: 1ms }',
      'sandtable.yml:2: latency falls from one percentile to the next',
    ],
    ['process: anywhere', 'sandtable.yml:1: process "anywhere" is none of relocatable;'],
    ['hooks:\n  a.sh: 3', 'sandtable.yml:2: "a.sh" has no members; write `{ seconds: 2 }`.'],
    ['hooks: [', 'sandtable.yml:1: '],
    ['- a', 'sandtable.yml:1: A list is no map;'],
  ])('says file, line and remedy: %j', (text, message) => {
    expect(problem(text)).toContain(message);
  });
});
