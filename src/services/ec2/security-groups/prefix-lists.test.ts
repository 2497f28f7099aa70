// What a managed prefix list listed before.

import {
  CreateManagedPrefixListCommand,
  EC2Client,
  GetManagedPrefixListEntriesCommand,
  ModifyManagedPrefixListCommand,
  RestoreManagedPrefixListVersionCommand,
} from '@aws-sdk/client-ec2';
import { expect, it } from 'vitest';
import { newTable } from '../../../../tests/table.ts';

// https://docs.aws.amazon.com/vpc/latest/userguide/work-with-cust-managed-prefix-lists.html
it('Each change of a prefix list is a version, which can be read and restored', async () => {
  const ec2 = newTable().client(EC2Client);
  const { PrefixList } = await ec2.send(
    new CreateManagedPrefixListCommand({
      PrefixListName: 'offices',
      AddressFamily: 'IPv4',
      MaxEntries: 3,
      Entries: [{ Cidr: '10.0.0.0/16' }],
    }),
  );
  const PrefixListId = PrefixList?.PrefixListId;
  const listed = async (TargetVersion?: number): Promise<unknown[] | undefined> => {
    const { Entries } = await ec2.send(
      new GetManagedPrefixListEntriesCommand({ PrefixListId, TargetVersion }),
    );
    return Entries?.map(({ Cidr }) => Cidr);
  };
  await ec2.send(new ModifyManagedPrefixListCommand({ PrefixListId, AddEntries: [{ Cidr: '10.1.0.0/16' }] }));
  expect(await listed()).toEqual(['10.0.0.0/16', '10.1.0.0/16']);
  expect(await listed(1)).toEqual(['10.0.0.0/16']);
  const stale = { PrefixListId, CurrentVersion: 1, AddEntries: [{ Cidr: '10.2.0.0/16' }] };
  await expect(ec2.send(new ModifyManagedPrefixListCommand(stale))).rejects.toMatchObject({
    name: 'PrefixListVersionMismatch',
  });
  await ec2.send(
    new RestoreManagedPrefixListVersionCommand({ PrefixListId, PreviousVersion: 1, CurrentVersion: 2 }),
  );
  expect(await listed()).toEqual(['10.0.0.0/16']);
  await expect(listed(7)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
});
