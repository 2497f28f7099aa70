// AWS::EC2::PrefixList: managed prefix lists.

import { Fault } from '#contract/fault.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Json, Provider, Work } from '../provider.ts';
import { patiently } from './patience.ts';
import { inOrderOf, ownTags, retag, tagsOfNew } from './tagging.ts';

type List = Work<'AWS::EC2::PrefixList'>;

function listOf(work: List) {
  const asked = { PrefixListIds: [work.physicalId] };
  return work.find('ec2', 'DescribeManagedPrefixLists', asked)?.PrefixLists?.[0];
}

/** Without a word about it a list has room for what it lists. */
function sizeOf({ MaxEntries, Entries = [] }: List['properties']): number {
  return MaxEntries ?? Math.max(1, Entries.length);
}

/** What a list lists, in the order of the template. */
function entriesOf(work: List): { Cidr: string; Description?: string }[] {
  const { Entries = [] } = work.call('ec2', 'GetManagedPrefixListEntries', { PrefixListId: work.physicalId });
  const found = Entries.map(({ Cidr = '', Description }) => ({
    Cidr,
    ...(Description !== undefined && { Description }),
  }));
  return inOrderOf(work.properties.Entries as typeof found | undefined, found);
}

function changeEntries(work: List): void {
  const { Entries: after = [] } = work.properties;
  const before = entriesOf(work);
  const kept = new Set(after.map(({ Cidr }) => Cidr));
  const same = new Set(before.map((entry) => JSON.stringify(entry)));
  const AddEntries = after.filter((entry) => !same.has(JSON.stringify(entry)));
  const RemoveEntries = before.filter(({ Cidr }) => !kept.has(Cidr)).map(({ Cidr }) => ({ Cidr }));
  if (AddEntries.length + RemoveEntries.length === 0) return;
  work.call('ec2', 'ModifyManagedPrefixList', {
    PrefixListId: work.physicalId,
    CurrentVersion: listOf(work)?.Version,
    AddEntries,
    RemoveEntries,
  });
}

const list = provider({
  type: 'AWS::EC2::PrefixList',
  create(work) {
    const { PrefixListName, AddressFamily, Entries } = work.properties;
    const { PrefixList } = work.call('ec2', 'CreateManagedPrefixList', {
      PrefixListName,
      AddressFamily,
      MaxEntries: sizeOf(work.properties),
      Entries,
      TagSpecifications: tagsOfNew(work, 'prefix-list'),
    });
    return PrefixList?.PrefixListId ?? '';
  },
  update(work) {
    if (work.changed('AddressFamily'))
      throw handlerFailure(work, 'The address family of a prefix list cannot be changed.', 'NotUpdatable');
    const { PrefixListName } = work.properties;
    const { MaxEntries: before = 0, PrefixListName: named } = listOf(work) ?? {};
    const MaxEntries = sizeOf(work.properties);
    const resize = (): void => {
      if (MaxEntries === before) return;
      work.call('ec2', 'ModifyManagedPrefixList', { PrefixListId: work.physicalId, MaxEntries });
    };
    // Entries and their number change in two requests: the larger number first.
    if (MaxEntries > before) resize();
    changeEntries(work);
    if (MaxEntries < before) resize();
    if (PrefixListName !== named)
      work.call('ec2', 'ModifyManagedPrefixList', { PrefixListId: work.physicalId, PrefixListName });
    retag(work);
  },
  ...patiently<'AWS::EC2::PrefixList'>((work) => {
    work.find('ec2', 'DeleteManagedPrefixList', { PrefixListId: work.physicalId });
    const left = listOf(work);
    if (left?.State === 'delete-failed') throw new Fault('DependencyViolation', left.StateMessage ?? '');
  }),
  attributes(work) {
    const { OwnerId = '', Version = 0, PrefixListArn: Arn = '' } = listOf(work) ?? {};
    return { OwnerId, PrefixListId: work.physicalId, Version, Arn };
  },
  read(work) {
    const found = listOf(work);
    return (
      found && {
        PrefixListName: found.PrefixListName ?? '',
        AddressFamily: found.AddressFamily ?? '',
        MaxEntries: found.MaxEntries ?? 0,
        Entries: entriesOf(work) as unknown as Json,
        Tags: ownTags(work, found.Tags),
      }
    );
  },
});

export const prefixLists: readonly Provider[] = [list];
