// What CodeDeploy accepts as the settings of a deployment group: checks, in the words of the API reference.
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentGroup.html

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type {
  AlarmConfiguration,
  AutoRollbackConfiguration,
  ComputePlatform,
  GroupSettings,
} from '../rows.ts';
import { LIMITS } from '../timings.ts';

type Given = Input<'codedeploy', 'CreateDeploymentGroup'> | Input<'codedeploy', 'UpdateDeploymentGroup'>;

/** Settings after a request: what it gives replaces what stood there. */
export function mergeSettings(
  before: GroupSettings,
  given: Given,
  platform: ComputePlatform = 'Server',
): GroupSettings {
  const next: GroupSettings = {
    ec2TagFilters: given.ec2TagFilters ?? before.ec2TagFilters,
    ec2TagSet: given.ec2TagSet ?? before.ec2TagSet,
    onPremisesInstanceTagFilters: given.onPremisesInstanceTagFilters ?? before.onPremisesInstanceTagFilters,
    onPremisesTagSet: given.onPremisesTagSet ?? before.onPremisesTagSet,
    triggerConfigurations: given.triggerConfigurations ?? before.triggerConfigurations,
    alarmConfiguration: given.alarmConfiguration ?? before.alarmConfiguration,
    autoRollbackConfiguration: given.autoRollbackConfiguration ?? before.autoRollbackConfiguration,
    outdatedInstancesStrategy:
      given.outdatedInstancesStrategy ?? before.outdatedInstancesStrategy ?? 'UPDATE',
    deploymentStyle: style(given.deploymentStyle ?? before.deploymentStyle),
    blueGreenDeploymentConfiguration:
      given.blueGreenDeploymentConfiguration ?? before.blueGreenDeploymentConfiguration,
    loadBalancerInfo: given.loadBalancerInfo ?? before.loadBalancerInfo,
    terminationHookEnabled: given.terminationHookEnabled ?? before.terminationHookEnabled ?? false,
  };
  // Either kind of tag choice replaces the other.
  if (given.ec2TagSet && !given.ec2TagFilters) delete next.ec2TagFilters;
  if (given.ec2TagFilters && !given.ec2TagSet) delete next.ec2TagSet;
  if (given.onPremisesTagSet && !given.onPremisesInstanceTagFilters) delete next.onPremisesInstanceTagFilters;
  if (given.onPremisesInstanceTagFilters && !given.onPremisesTagSet) delete next.onPremisesTagSet;
  checkTags(next);
  checkTriggers(next);
  checkAlarms(next.alarmConfiguration);
  checkRollback(next.autoRollbackConfiguration);
  if (platform === 'Server') checkTraffic(next);
  return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)) as GroupSettings;
}

function style(given: GroupSettings['deploymentStyle']): NonNullable<GroupSettings['deploymentStyle']> {
  const { deploymentType = 'IN_PLACE', deploymentOption = 'WITHOUT_TRAFFIC_CONTROL' } = given ?? {};
  return { deploymentType, deploymentOption };
}

function checkTags({
  ec2TagFilters,
  ec2TagSet,
  onPremisesInstanceTagFilters,
  onPremisesTagSet,
}: GroupSettings): void {
  if (ec2TagFilters?.length && ec2TagSet) {
    throw new Fault(
      'InvalidEC2TagCombinationException',
      'A call was submitted that specified both Ec2TagFilters and Ec2TagSet, but only one of these data types can be used in a single call.',
    );
  }
  if (onPremisesInstanceTagFilters?.length && onPremisesTagSet) {
    throw new Fault(
      'InvalidOnPremisesTagCombinationException',
      'A call was submitted that specified both OnPremisesTagFilters and OnPremisesTagSet, but only one of these data types ' +
        'can be used in a single call.',
    );
  }
  for (const sets of [ec2TagSet?.ec2TagSetList ?? [], onPremisesTagSet?.onPremisesTagSetList ?? []]) {
    if (sets.length > LIMITS.tagSets || sets.flat().length > LIMITS.tagFilters) {
      throw new Fault(
        'TagSetListLimitExceededException',
        'The number of tag groups included in the tag set list exceeded the maximum allowed limit of 3.',
      );
    }
  }
  if ((ec2TagFilters ?? []).length > LIMITS.tagFilters) {
    throw new Fault('InvalidEC2TagException', 'The tag was specified in an invalid format.');
  }
}

function checkTriggers({ triggerConfigurations = [] }: GroupSettings): void {
  if (triggerConfigurations.length > LIMITS.triggers) {
    throw new Fault(
      'TriggerTargetsLimitExceededException',
      'The maximum allowed number of triggers was exceeded.',
    );
  }
  for (const { triggerName, triggerTargetArn, triggerEvents = [] } of triggerConfigurations) {
    if (triggerName && triggerEvents.length > 0 && /^arn:aws[a-z-]*:sns:/.test(triggerTargetArn ?? ''))
      continue;
    throw new Fault('InvalidTriggerConfigException', 'The trigger was specified in an invalid format.');
  }
}

export function checkAlarms(configuration: AlarmConfiguration | undefined): void {
  const { enabled = false, alarms = [] } = configuration ?? {};
  if (alarms.length > LIMITS.alarms) {
    throw new Fault(
      'AlarmsLimitExceededException',
      'The maximum number of alarms for a deployment group (10) was exceeded.',
    );
  }
  const names = alarms.map(({ name = '' }) => name);
  const valid = !names.includes('') && new Set(names).size === names.length && (!enabled || names.length > 0);
  if (valid) return;
  throw new Fault(
    'InvalidAlarmConfigException',
    'The format of the alarm configuration is invalid. Possible causes include: The alarm list is null. The alarm object ' +
      'is null. The alarm name is empty or null or exceeds the limit of 255 characters. Two alarms with the same name have ' +
      'been specified. The alarm configuration is enabled, but the alarm list is empty.',
  );
}

export function checkRollback(configuration: AutoRollbackConfiguration | undefined): void {
  const { enabled = false, events = [] } = configuration ?? {};
  if (!enabled || events.length > 0) return;
  throw new Fault(
    'InvalidAutoRollbackConfigException',
    'The automatic rollback configuration was specified in an invalid format. For example, automatic rollback is enabled, but an ' +
      'invalid triggering event type or no event types were listed.',
  );
}

/**
 * A deployment of a function shifts traffic and knows no instances. The words are ours but for the first ones.
 * https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-groups-create-lambda.html
 */
export function checkLambda(settings: GroupSettings, autoScalingGroups: readonly string[]): void {
  const { deploymentType, deploymentOption } = settings.deploymentStyle ?? {};
  if (deploymentType !== 'BLUE_GREEN' || deploymentOption !== 'WITH_TRAFFIC_CONTROL') {
    throw new Fault(
      'InvalidDeploymentStyleException',
      'For Lambda deployment group, deploymentType can be set to BLUE_GREEN only and deploymentOption to ' +
        'WITH_TRAFFIC_CONTROL only.',
    );
  }
  const { ec2TagFilters = [], ec2TagSet, onPremisesInstanceTagFilters = [], onPremisesTagSet } = settings;
  const instances =
    ec2TagFilters.length + onPremisesInstanceTagFilters.length + autoScalingGroups.length > 0 ||
    ec2TagSet !== undefined ||
    onPremisesTagSet !== undefined;
  if (!instances && !settings.loadBalancerInfo && !settings.blueGreenDeploymentConfiguration) return;
  throw new Fault(
    'InvalidInputException',
    'Instances, Auto Scaling groups, load balancers and a blue/green configuration cannot be specified for a Lambda deployment group.',
  );
}

function checkTraffic({
  deploymentStyle,
  loadBalancerInfo,
  blueGreenDeploymentConfiguration: blueGreen,
}: GroupSettings): void {
  const { deploymentType, deploymentOption } = deploymentStyle ?? {};
  const { targetGroupInfoList = [], elbInfoList = [] } = loadBalancerInfo ?? {};
  const balanced = [...targetGroupInfoList, ...elbInfoList].some(({ name }) => name);
  if (deploymentOption === 'WITH_TRAFFIC_CONTROL' && !balanced) {
    throw new Fault(
      'InvalidLoadBalancerInfoException',
      'An invalid load balancer name, or no load balancer name, was specified.',
    );
  }
  if (deploymentType !== 'BLUE_GREEN') return;
  const { terminateBlueInstancesOnDeploymentSuccess: end, deploymentReadyOption: ready } = blueGreen ?? {};
  const waits = [end?.terminationWaitTimeInMinutes ?? 0, ready?.waitTimeInMinutes ?? 0];
  // A stop without a time to wait for would stop every deployment.
  const hopeless = ready?.actionOnTimeout === 'STOP_DEPLOYMENT' && !ready.waitTimeInMinutes;
  const valid =
    blueGreen &&
    deploymentOption === 'WITH_TRAFFIC_CONTROL' &&
    waits.every((wait) => wait >= 0 && wait <= LIMITS.waitMinutes);
  if (valid && !hopeless) return;
  throw new Fault(
    'InvalidBlueGreenDeploymentConfigurationException',
    'The configuration for the blue/green deployment group was provided in an invalid format.',
  );
}
