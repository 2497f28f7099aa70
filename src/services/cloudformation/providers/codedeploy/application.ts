// AWS::CodeDeploy::Application.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Provider } from '../provider.ts';
import { retag } from '../tagging.ts';

type Platform = Input<'codedeploy', 'CreateApplication'>['computePlatform'];

export const LONGEST = 100;

export const application: Provider = provider({
  type: 'AWS::CodeDeploy::Application',
  create(work) {
    const { ApplicationName, ComputePlatform, Tags } = work.properties;
    const applicationName = ApplicationName ?? work.name({ longest: LONGEST });
    const computePlatform = ComputePlatform as Platform;
    work.call('codedeploy', 'CreateApplication', { applicationName, computePlatform, tags: work.tags(Tags) });
    return applicationName;
  },
  update(work) {
    retag(work, 'codedeploy', work.ctx.arn('codedeploy', `application:${work.physicalId}`));
  },
  delete(work) {
    work.find('codedeploy', 'DeleteApplication', { applicationName: work.physicalId });
  },
  read(work) {
    const applicationName = work.physicalId;
    const found = work.find('codedeploy', 'GetApplication', { applicationName })?.application;
    return found && { ApplicationName: applicationName, ComputePlatform: found.computePlatform ?? 'Server' };
  },
});
