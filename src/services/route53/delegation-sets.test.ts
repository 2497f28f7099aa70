// https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateReusableDelegationSet.html

import {
  CreateHostedZoneCommand,
  CreateReusableDelegationSetCommand,
  DeleteHostedZoneCommand,
  DeleteReusableDelegationSetCommand,
  GetHostedZoneCommand,
  GetReusableDelegationSetCommand,
  GetReusableDelegationSetLimitCommand,
  ListHostedZonesCommand,
  ListReusableDelegationSetsCommand,
} from '@aws-sdk/client-route-53';
import { describe, expect, it } from 'vitest';
import { Route53Stand } from './test-stand.ts';

async function set(stand: Route53Stand, CallerReference: string, HostedZoneId?: string) {
  const { DelegationSet, Location } = await stand.route53.send(
    new CreateReusableDelegationSetCommand({ CallerReference, HostedZoneId }),
  );
  expect(Location).toContain(DelegationSet?.Id);
  return DelegationSet ?? { NameServers: [] };
}

describe('a reusable delegation set', () => {
  it('gives its name servers to zones, which are listed by it', async () => {
    const stand = new Route53Stand();
    const { Id, NameServers } = await set(stand, 'a');
    expect(Id).toMatch(/^\/delegationset\/N[A-Z0-9]+$/);
    const made = (Name: string) =>
      stand.route53.send(new CreateHostedZoneCommand({ Name, CallerReference: Name, DelegationSetId: Id }));
    const { HostedZone, DelegationSet } = await made('one.com');
    expect(DelegationSet).toEqual({ Id, CallerReference: 'a', NameServers });
    await made('two.com');
    await stand.zone('three.com');
    const { HostedZones } = await stand.route53.send(new ListHostedZonesCommand({ DelegationSetId: Id }));
    expect(HostedZones?.map(({ Name }) => Name).toSorted()).toEqual(['one.com.', 'two.com.']);
    const limit = await stand.route53.send(
      new GetReusableDelegationSetLimitCommand({
        Type: 'MAX_ZONES_BY_REUSABLE_DELEGATION_SET',
        DelegationSetId: Id,
      }),
    );
    expect(limit).toMatchObject({ Limit: { Value: 100 }, Count: 2 });
    await expect(made('www.one.com')).rejects.toMatchObject({ name: 'ConflictingDomainExists' });
    const remove = () => stand.route53.send(new DeleteReusableDelegationSetCommand({ Id }));
    await expect(remove()).rejects.toMatchObject({ name: 'DelegationSetInUse' });
    for (const zone of HostedZones ?? [])
      await stand.route53.send(new DeleteHostedZoneCommand({ Id: zone.Id }));
    await remove();
    await expect(stand.route53.send(new GetReusableDelegationSetCommand({ Id }))).rejects.toMatchObject({
      name: 'NoSuchDelegationSet',
    });
    expect(HostedZone?.Name).toBe('one.com.');
  });

  it('is made of the name servers of a zone, once', async () => {
    const stand = new Route53Stand();
    const zoneId = await stand.zone();
    const shown = () => stand.route53.send(new GetHostedZoneCommand({ Id: zoneId }));
    const { NameServers } = (await shown()).DelegationSet ?? {};
    const made = await set(stand, 'a', zoneId);
    expect(made.NameServers).toEqual(NameServers);
    expect((await shown()).DelegationSet).toEqual(made);
    await expect(set(stand, 'b', zoneId)).rejects.toMatchObject({ name: 'DelegationSetAlreadyReusable' });
    await expect(set(stand, 'a')).rejects.toMatchObject({ name: 'DelegationSetAlreadyCreated' });
    await expect(set(stand, 'c', 'ZNONE')).rejects.toMatchObject({ name: 'HostedZoneNotFound' });
    const { DelegationSets } = await stand.route53.send(new ListReusableDelegationSetsCommand({}));
    expect(DelegationSets).toEqual([made]);
  });
});
