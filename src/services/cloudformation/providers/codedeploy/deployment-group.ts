// AWS::CodeDeploy::DeploymentGroup.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Json, Properties, Provider, Work } from '../provider.ts';
import { capitalised, spelled } from '../spelling.ts';
import { retag } from '../tagging.ts';
import { LONGEST } from './application.ts';

type Group = Properties<'AWS::CodeDeploy::DeploymentGroup'>;
type Create = Input<'codedeploy', 'CreateDeploymentGroup'>;
type Settings = Omit<Create, 'applicationName' | 'deploymentGroupName' | 'serviceRoleArn' | 'tags'>;

/** Properties whose members the API spells with a small letter, and what takes their place when a template gives them no more. */
const SPELLED = {
  AlarmConfiguration: { enabled: false, alarms: [] },
  AutoRollbackConfiguration: { enabled: false, events: [] },
  BlueGreenDeploymentConfiguration: undefined,
  DeploymentStyle: undefined,
  LoadBalancerInfo: { targetGroupInfoList: [] },
  TriggerConfigurations: [],
} as const;

/** Those whose members it spells as templates do. */
const PLAIN = {
  AutoScalingGroups: [],
  Ec2TagFilters: [],
  OnPremisesInstanceTagFilters: [],
  OutdatedInstancesStrategy: 'UPDATE',
  TerminationHookEnabled: false,
} as const;

type Setting = keyof typeof SPELLED | keyof typeof PLAIN;

function memberOf(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}

/** Settings as the API spells them; of those that an update takes away, what stands for nothing. */
function settingsOf({ properties, previous }: Work<'AWS::CodeDeploy::DeploymentGroup'>): Settings {
  const { DeploymentConfigName, Ec2TagSet, OnPremisesTagSet } = properties;
  const found: Record<string, unknown> = {
    deploymentConfigName: DeploymentConfigName,
    ec2TagSet: Ec2TagSet && {
      ec2TagSetList: Ec2TagSet.Ec2TagSetList?.map(({ Ec2TagGroup = [] }) => Ec2TagGroup),
    },
    onPremisesTagSet: OnPremisesTagSet && {
      onPremisesTagSetList: OnPremisesTagSet.OnPremisesTagSetList?.map(
        ({ OnPremisesTagGroup = [] }) => OnPremisesTagGroup,
      ),
    },
  };
  const given: Readonly<Record<string, unknown>> = properties;
  for (const [name, nothing] of Object.entries({ ...SPELLED, ...PLAIN }) as [Setting, unknown][]) {
    const value = given[name];
    const shown = name in SPELLED ? spelled(value) : value;
    const taken = value === undefined && previous?.[name as keyof Group] !== undefined;
    found[memberOf(name)] = taken ? nothing : shown;
  }
  return found as Settings;
}

export const deploymentGroup: Provider = provider({
  type: 'AWS::CodeDeploy::DeploymentGroup',
  refused: ['Deployment', 'ECSServices', 'LoadBalancerInfo.TargetGroupPairInfoList'],
  passedOn: [
    'AlarmConfiguration',
    'AutoRollbackConfiguration',
    'BlueGreenDeploymentConfiguration',
    'DeploymentStyle',
    'Ec2TagFilters',
    'Ec2TagSet',
    'LoadBalancerInfo.ElbInfoList',
    'LoadBalancerInfo.TargetGroupInfoList',
    'OnPremisesInstanceTagFilters',
    'OnPremisesTagSet',
    'TriggerConfigurations',
  ],
  create(work) {
    const { ApplicationName, DeploymentGroupName, ServiceRoleArn, Tags } = work.properties;
    const deploymentGroupName = DeploymentGroupName ?? work.name({ longest: LONGEST });
    work.call('codedeploy', 'CreateDeploymentGroup', {
      ...settingsOf(work),
      applicationName: ApplicationName,
      deploymentGroupName,
      serviceRoleArn: ServiceRoleArn,
      tags: work.tags(Tags),
    });
    return deploymentGroupName;
  },
  update(work) {
    const { ApplicationName, ServiceRoleArn } = work.properties;
    work.call('codedeploy', 'UpdateDeploymentGroup', {
      ...settingsOf(work),
      applicationName: ApplicationName,
      currentDeploymentGroupName: work.physicalId,
      serviceRoleArn: ServiceRoleArn,
    });
    retag(
      work,
      'codedeploy',
      work.ctx.arn('codedeploy', `deploymentgroup:${ApplicationName}/${work.physicalId}`),
    );
  },
  delete(work) {
    const { ApplicationName: applicationName } = work.properties;
    work.find('codedeploy', 'DeleteDeploymentGroup', {
      applicationName,
      deploymentGroupName: work.physicalId,
    });
  },
  read(work) {
    const { ApplicationName: applicationName } = work.properties;
    const input = { applicationName, deploymentGroupName: work.physicalId };
    const found = work.find('codedeploy', 'GetDeploymentGroup', input)?.deploymentGroupInfo;
    if (!found) return undefined;
    const info = found as Readonly<Record<string, unknown>>;
    const shown = Object.keys(SPELLED).map((name) => [name, capitalised(info[memberOf(name)])]);
    return {
      ...(Object.fromEntries(shown) as Record<string, Json>),
      AutoScalingGroups: found.autoScalingGroups?.map(({ name = '' }) => name),
      DeploymentConfigName: found.deploymentConfigName,
      DeploymentGroupName: work.physicalId,
      ServiceRoleArn: found.serviceRoleArn,
    };
  },
});
