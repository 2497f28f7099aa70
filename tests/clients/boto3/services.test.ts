// boto3 as Python programs use it: each service touched once, waiters, paginators, resources, streams and transfers.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers, clientEndpoint, run } from '../endpoint.ts';
import type { ClientEndpoint } from '../endpoint.ts';

const absent = !answers('python3', '-c', 'import boto3');
const PATIENCE_MS = 120_000;

/** What services.py prints. */
interface Found {
  readonly touches: string[];
  readonly touched: string[];
  readonly lines: string[];
  readonly range: string;
  readonly sameBytes: boolean;
  readonly parts: string;
  readonly keys: string[];
  readonly posted: { status: number; object: string };
  readonly forged: { status: number; body: string };
  readonly orders: [count: number, total: string, tags: string[]];
  readonly pages: number[];
  readonly envelope: string[];
  readonly invoked: number;
  readonly stacks: string[];
  readonly waited: string;
  readonly headless: Record<string, string>;
  readonly validated: boolean;
  readonly refused: [code: string, status: number];
}

describe.skipIf(absent)(
  `boto3 with every service${absent ? ' (skipped: python3 with boto3 is not installed)' : ''}`,
  () => {
    let endpoint: ClientEndpoint;
    let found: Found;

    beforeAll(async () => {
      endpoint = await clientEndpoint({ clock: 60, timings: 'instant' });
      const { out, err } = await run('python3', [join(import.meta.dirname, 'services.py')], {
        AWS_ENDPOINT_URL: endpoint.url,
      });
      expect(err).toBe('');
      found = JSON.parse(out) as Found;
    }, PATIENCE_MS);
    afterAll(async () => {
      await endpoint.done();
      expect(endpoint.crashes).toEqual([]);
    });

    it('touches every service', () => {
      expect(found.touches.length).toBeGreaterThan(20);
      expect(found.touched).toEqual(found.touches);
    });

    it('streams objects by lines and ranges, transfers them in parts, copies and pages', () => {
      expect(found.lines).toEqual(['one', 'two', 'three']);
      expect(found.range).toBe('two');
      expect(found.sameBytes).toBe(true);
      expect(found.parts).toBe('-2');
      expect(found.keys).toEqual(['copy.txt', 'large', 'lines.txt']);
    });

    it('uploads from forms as their policy allows', () => {
      expect(found.posted).toEqual({ status: 204, object: 'hello' });
      expect(found.forged.status).toBe(403);
      expect(found.forged.body).toContain('<Code>AccessDenied</Code>');
    });

    it('writes items in batches, and reads numbers, sets and pages', () => {
      expect(found.orders).toEqual([10, '1.5', ['x', 'y']]);
      expect(found.pages).toEqual([7, 7, 7, 7, 2]);
    });

    it('receives the envelope of a notification', () => {
      expect(found.envelope).toEqual(['hello', 'greeting']);
    });

    it('waits for functions and stacks, and gives up on what never comes', () => {
      expect(found.invoked).toBe(200);
      expect(found.stacks).toEqual(['DELETE_COMPLETE']);
      expect(found.waited).toBe(
        'Waiter UserExists failed: Max attempts exceeded. Previously accepted state: Matched expected service error code: NoSuchEntity',
      );
    });

    it('reads errors without a body, and the one of what is not modelled', () => {
      expect(found.headless).toEqual({ Code: '404', Message: 'Not Found' });
      expect(found.validated).toBe(true);
      expect(found.refused).toEqual(['NotImplemented', 501]);
    });
  },
);
