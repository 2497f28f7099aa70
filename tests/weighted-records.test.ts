// Two load balancers behind weighted records of Route 53, under load: from the API call to the status of each request.

import { describe, expect, it } from 'vitest';
import { startLoad } from '#traffic/load-control.ts';
import { measured } from '#traffic/measure.ts';
import { ModifyListenerCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { CreateHealthCheckCommand } from '@aws-sdk/client-route-53';
import { aliasTo, MINUTE, Route53Stand } from '../src/services/route53/test-stand.ts';
import type { Balancer } from '../src/services/route53/test-stand.ts';

async function twoStacks() {
  const stand = new Route53Stand();
  await stand.zone();
  const blue = await stand.balancer('blue', { fixed: '200' });
  const green = await stand.balancer('green', { fixed: '202' });
  const weigh = (blueWeight: number, greenWeight: number, more: object = {}) =>
    stand.put(
      aliasTo(blue, 'www.example.com', { SetIdentifier: 'blue', Weight: blueWeight, ...more }),
      aliasTo(green, 'www.example.com', { SetIdentifier: 'green', Weight: greenWeight }),
    );
  /** Share of `green` in the minutes from the load's start on. */
  const load = (resolution: 'exact' | 'binned') => {
    const from = stand.table.world.now;
    const request = { host: 'www.example.com', port: 80, path: '/', ratePerSecond: 100, resolution };
    const { id } = stand.table.act((ctx) => startLoad(ctx, request));
    return (first: number, last: number = first + 1): number => {
      const window = { from: from + first * MINUTE, to: from + last * MINUTE };
      const { byStatus, requests } = stand.table.read((ctx) => measured(ctx, id, window));
      return (byStatus['202'] ?? 0) / requests;
    };
  };
  return { stand, blue, green, weigh, load };
}

describe.each(['exact', 'binned'] as const)(
  'a release by weighted records, in %s resolution',
  (resolution) => {
    it('moves traffic a minute after the change, and then as the answers of clients expire', async () => {
      const { stand, weigh, load } = await twoStacks();
      await weigh(100, 0);
      const share = load(resolution);
      stand.table.advance(MINUTE);
      await weigh(75, 25); // 60 s until the change is in sync …
      stand.table.advance(3 * MINUTE);
      expect(share(0, 2)).toBe(0);
      // … and the aliases' TTL of 60 s until the last client has asked again.
      expect(Math.abs(share(2) - 0.125)).toBeLessThan(0.03);
      expect(Math.abs(share(3, 5) - 0.25)).toBeLessThan(0.03);
      await weigh(0, 255);
      stand.table.advance(2 * MINUTE);
      expect(share(7)).toBe(1);
    });

    it('turns away from a load balancer whose health check fails', async () => {
      const { stand, blue, weigh, load } = await twoStacks();
      const { HealthCheck } = await stand.route53.send(
        new CreateHealthCheckCommand({
          CallerReference: 'blue',
          HealthCheckConfig: { Type: 'HTTP', FullyQualifiedDomainName: blue.host, RequestInterval: 10 },
        }),
      );
      await weigh(255, 0, { HealthCheckId: HealthCheck?.Id });
      const share = load(resolution);
      stand.table.advance(MINUTE);
      await answerWith(stand, blue, '500');
      stand.table.advance(3 * MINUTE);
      expect(share(0)).toBe(0);
      expect(share(3)).toBe(1);
    });
  },
);

async function answerWith(stand: Route53Stand, { listenerArn }: Balancer, StatusCode: string): Promise<void> {
  const DefaultActions = [{ Type: 'fixed-response' as const, FixedResponseConfig: { StatusCode } }];
  await stand.elb.send(new ModifyListenerCommand({ ListenerArn: listenerArn, DefaultActions }));
}
