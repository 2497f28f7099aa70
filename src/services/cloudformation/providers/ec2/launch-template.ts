// AWS::EC2::LaunchTemplate: a change of its data is another version.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

type Create = Input<'ec2', 'CreateLaunchTemplate'>;
type Template = Work<'AWS::EC2::LaunchTemplate'>;
type Tag = { Key: string; Value: string };

const LONGEST = 128;

function dataOf({ properties }: Template): Create['LaunchTemplateData'] {
  return properties.LaunchTemplateData as Create['LaunchTemplateData'];
}

/** Tags of the template itself: its own over the stack's. */
function tagsIn({ TagSpecifications = [] }: Template['properties']): Tag[] {
  return TagSpecifications.filter(({ ResourceType }) => ResourceType === 'launch-template').flatMap(
    ({ Tags = [] }) => Tags as Tag[],
  );
}

function live(work: Template) {
  const { LaunchTemplates = [] } =
    work.find('ec2', 'DescribeLaunchTemplates', { LaunchTemplateIds: [work.physicalId] }) ?? {};
  return LaunchTemplates[0];
}

function retag(work: Template): void {
  const after = tagsIn(work.properties);
  work.call('ec2', 'CreateTags', { Resources: [work.physicalId], Tags: work.tags(after) });
  const kept = new Set([...after.map(({ Key }) => Key), ...Object.keys(work.stack.tags)]);
  const gone = work.previous ? tagsIn(work.previous).filter(({ Key }) => !kept.has(Key)) : [];
  if (gone.length > 0)
    work.call('ec2', 'DeleteTags', { Resources: [work.physicalId], Tags: gone.map(({ Key }) => ({ Key })) });
}

export const launchTemplate: Provider = provider({
  type: 'AWS::EC2::LaunchTemplate',
  passedOn: ['LaunchTemplateData'],
  create(work) {
    const { LaunchTemplateName = work.name({ longest: LONGEST }), VersionDescription } = work.properties;
    const { LaunchTemplate } = work.call('ec2', 'CreateLaunchTemplate', {
      LaunchTemplateName,
      LaunchTemplateData: dataOf(work),
      TagSpecifications: [{ ResourceType: 'launch-template', Tags: work.tags(tagsIn(work.properties)) }],
      ...(VersionDescription !== undefined && { VersionDescription }),
    });
    return LaunchTemplate?.LaunchTemplateId ?? '';
  },
  update(work) {
    const { VersionDescription } = work.properties;
    if (work.changed('LaunchTemplateData', 'VersionDescription')) {
      work.call('ec2', 'CreateLaunchTemplateVersion', {
        LaunchTemplateId: work.physicalId,
        LaunchTemplateData: dataOf(work),
        ...(VersionDescription !== undefined && { VersionDescription }),
      });
    }
    retag(work);
  },
  delete(work) {
    work.find('ec2', 'DeleteLaunchTemplate', { LaunchTemplateId: work.physicalId });
  },
  attributes(work) {
    const { LatestVersionNumber = 1, DefaultVersionNumber = 1 } = live(work) ?? {};
    return {
      LaunchTemplateId: work.physicalId,
      LatestVersionNumber: String(LatestVersionNumber),
      DefaultVersionNumber: String(DefaultVersionNumber),
    };
  },
  read(work) {
    const found = live(work);
    return found && { LaunchTemplateName: found.LaunchTemplateName ?? '' };
  },
});
