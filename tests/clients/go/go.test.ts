// The AWS SDK for Go v2, as Debian packages it (golang-go and golang-github-aws-aws-sdk-go-v2-dev): one program, built here.

import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers, clientEndpoint, run } from '../endpoint.ts';
import type { ClientEndpoint } from '../endpoint.ts';

const SOURCES = '/usr/share/gocode';
const absent =
  !existsSync(join(SOURCES, 'src/github.com/aws/aws-sdk-go-v2/service/s3')) || !answers('go', 'version');
/** A first build takes most of a minute, for which later ones have its cache. */
const PATIENCE_MS = 300_000;

/** What main.go prints. */
interface Found {
  readonly caller: string;
  readonly keys: string[];
  readonly largeTag: string;
  readonly sameBytes: boolean;
  readonly presigned: string;
  readonly missingKey: boolean;
  readonly received: string[];
  readonly missingQueue: boolean;
  readonly orders: { Customer: string; Placed: number; Lines: string[] }[];
  readonly conditionFailed: boolean;
  readonly invoked: number;
  readonly missingFunction: boolean;
  readonly stack: boolean;
  readonly missingStack: string;
}

describe.skipIf(absent)(
  `the AWS SDK for Go v2${absent ? " (skipped: needs go, and the SDK's sources from Debian)" : ''}`,
  () => {
    let endpoint: ClientEndpoint;
    let folder: string;
    let found: Found;

    beforeAll(async () => {
      endpoint = await clientEndpoint({ clock: 60, timings: 'instant' });
      folder = await mkdtemp(join(tmpdir(), 'sandtable-go-'));
      const program = join(folder, 'program');
      const built = await run('go', ['build', '-o', program, join(import.meta.dirname, 'main.go')], {
        GO111MODULE: 'off',
        GOPATH: SOURCES,
        GOCACHE: join(tmpdir(), 'sandtable-go-cache'),
      });
      if (built.code !== 0) throw new Error(built.err);
      const { code, out, err } = await run(program, [endpoint.url]);
      if (code !== 0) throw new Error(err);
      found = JSON.parse(out) as Found;
    }, PATIENCE_MS);
    afterAll(async () => {
      await endpoint.done();
      await rm(folder, { recursive: true, force: true });
      expect(endpoint.crashes).toEqual([]);
    });

    it('asks STS who it is', () => {
      expect(found.caller).toBe('arn:aws:iam::000000000000:root');
    });

    it('puts objects, pages through them, uploads in parts and presigns', () => {
      expect(found.keys).toEqual(['notes/a', 'notes/b', 'notes/c']);
      expect(found.largeTag).toMatch(/^"[0-9a-f]{32}-3"$/);
      expect(found.sameBytes).toBe(true);
      expect(found.presigned).toBe('b');
    });

    it('receives from a queue by the query protocol what a topic was told', () => {
      expect(found.received).toEqual(['good & <new>']);
    });

    it('reads and writes structures as items', () => {
      expect(found.orders).toEqual([1, 2, 3].map((Placed) => ({ Customer: 'ada', Placed, Lines: ['book'] })));
    });

    it('invokes a function and waits for a stack', () => {
      expect(found.invoked).toBe(200);
      expect(found.stack).toBe(true);
    });

    it('knows the errors of AWS by their types', () => {
      const { missingKey, missingQueue, conditionFailed, missingFunction } = found;
      expect({ missingKey, missingQueue, conditionFailed, missingFunction }).toEqual({
        missingKey: true,
        missingQueue: true,
        conditionFailed: true,
        missingFunction: true,
      });
      expect(found.missingStack).toBe('ValidationError: Stack with id missing does not exist');
    });
  },
);
