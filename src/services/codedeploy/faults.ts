// CodeDeploy has an error of its own for most of what the contract forbids: which, by operation and member.

import { Fault } from '#contract/fault.ts';
import type { Violation } from '#contract/validate.ts';

export const PAGE_SIZE = 100;

export function invalidToken(): Fault {
  return new Fault('InvalidNextTokenException', 'The next token was specified in an invalid format.');
}

export function tooMany(): Fault {
  return new Fault(
    'BatchLimitExceededException',
    'The maximum number of names or IDs allowed for this request (100) was exceeded.',
  );
}

export function unknownTarget(): Fault {
  return new Fault(
    'DeploymentTargetDoesNotExistException',
    'The provided target ID does not belong to the attempted deployment.',
  );
}

export const INVALID_PLATFORM =
  'The computePlatform is invalid. The computePlatform should be Lambda, Server, or ECS.';

type Named = readonly [shape: string, message: string];

/** A hook reports one of two statuses, whatever the contract's enumeration has besides. */
export const HOOK_STATUS: Named = [
  'InvalidLifecycleEventHookExecutionStatusException',
  'The result of a Lambda validation function that verifies a lifecycle event is invalid. It should return Succeeded or Failed.',
];

/** Members that are required, by name. The sentences are those of the API reference's list of errors. */
const REQUIRED: Readonly<Record<string, Named>> = {
  applicationName: [
    'ApplicationNameRequiredException',
    'The minimum number of required application names was not specified.',
  ],
  applicationNames: [
    'ApplicationNameRequiredException',
    'The minimum number of required application names was not specified.',
  ],
  currentDeploymentGroupName: [
    'DeploymentGroupNameRequiredException',
    'The deployment group name was not specified.',
  ],
  deploymentConfigName: [
    'DeploymentConfigNameRequiredException',
    'The deployment configuration name was not specified.',
  ],
  deploymentGroupName: [
    'DeploymentGroupNameRequiredException',
    'The deployment group name was not specified.',
  ],
  deploymentGroupNames: [
    'DeploymentGroupNameRequiredException',
    'The deployment group name was not specified.',
  ],
  deploymentId: ['DeploymentIdRequiredException', 'At least one deployment ID must be specified.'],
  deploymentIds: ['DeploymentIdRequiredException', 'At least one deployment ID must be specified.'],
  instanceId: ['InstanceIdRequiredException', 'The instance ID was not specified.'],
  instanceIds: ['InstanceIdRequiredException', 'The instance ID was not specified.'],
  instanceName: ['InstanceNameRequiredException', 'An on-premises instance name was not specified.'],
  instanceNames: ['InstanceNameRequiredException', 'An on-premises instance name was not specified.'],
  ResourceArn: ['ResourceArnRequiredException', 'The ARN of a resource is required, but was not found.'],
  revision: ['RevisionRequiredException', 'The revision ID was not specified.'],
  revisions: ['RevisionRequiredException', 'The revision ID was not specified.'],
  serviceRoleArn: ['RoleRequiredException', 'The role ID was not specified.'],
  tags: ['TagRequiredException', 'A tag was not specified.'],
  TagKeys: ['TagRequiredException', 'A tag was not specified.'],
  Tags: ['TagRequiredException', 'A tag was not specified.'],
  targetId: ['DeploymentTargetIdRequiredException', 'A deployment target ID was not provided.'],
  targetIds: ['DeploymentTargetIdRequiredException', 'A deployment target ID was not provided.'],
};

const INVALID: Readonly<Record<string, Named>> = {
  actionOnTimeout: blueGreen(),
  action: blueGreen(),
  applicationName: [
    'InvalidApplicationNameException',
    'The application name was specified in an invalid format.',
  ],
  applicationNames: [
    'InvalidApplicationNameException',
    'The application name was specified in an invalid format.',
  ],
  bundleType: ['InvalidRevisionException', 'The revision was specified in an invalid format.'],
  computePlatform: ['InvalidComputePlatformException', INVALID_PLATFORM],
  currentDeploymentGroupName: groupName(),
  deployed: [
    'InvalidDeployedStateFilterException',
    'The deployed state filter was specified in an invalid format.',
  ],
  deploymentConfigName: [
    'InvalidDeploymentConfigNameException',
    'The deployment configuration name was specified in an invalid format.',
  ],
  deploymentGroupName: groupName(),
  deploymentGroupNames: groupName(),
  deploymentOption: style(),
  deploymentType: style(),
  deploymentWaitType: ['InvalidDeploymentWaitTypeException', 'The wait type is invalid.'],
  events: [
    'InvalidAutoRollbackConfigException',
    'The automatic rollback configuration was specified in an invalid format.',
  ],
  fileExistsBehavior: [
    'InvalidFileExistsBehaviorException',
    'An invalid fileExistsBehavior option was specified.',
  ],
  includeOnlyStatuses: [
    'InvalidDeploymentStatusException',
    "The specified deployment status doesn't exist or cannot be determined.",
  ],
  instanceStatusFilter: ['InvalidInstanceStatusException', 'The specified instance status does not exist.'],
  instanceTypeFilter: ['InvalidInstanceTypeException', 'An invalid instance type was specified.'],
  newApplicationName: [
    'InvalidApplicationNameException',
    'The application name was specified in an invalid format.',
  ],
  newDeploymentGroupName: groupName(),
  outdatedInstancesStrategy: ['InvalidInputException', 'The input was specified in an invalid format.'],
  registrationStatus: [
    'InvalidRegistrationStatusException',
    'The registration status was specified in an invalid format.',
  ],
  ResourceArn: ['InvalidArnException', 'The specified ARN is not in a valid format.'],
  revisionType: ['InvalidRevisionException', 'The revision was specified in an invalid format.'],
  sortBy: [
    'InvalidSortByException',
    'The column name to sort by is either not present or was specified in an invalid format.',
  ],
  sortOrder: ['InvalidSortOrderException', 'The sort order was specified in an invalid format.'],
  status: HOOK_STATUS,
  targetFilters: ['InvalidTargetFilterNameException', 'The target filter name is invalid.'],
  triggerEvents: ['InvalidTriggerConfigException', 'The trigger was specified in an invalid format.'],
  type: [
    'InvalidMinimumHealthyHostValueException',
    'The minimum healthy instance value was specified in an invalid format.',
  ],
  Type: ['InvalidEC2TagException', 'The tag was specified in an invalid format.'],
};

function groupName(): Named {
  return [
    'InvalidDeploymentGroupNameException',
    'The deployment group name was specified in an invalid format.',
  ];
}

function style(): Named {
  return [
    'InvalidDeploymentStyleException',
    'An invalid deployment style was specified. Valid deployment types include "IN_PLACE" and "BLUE_GREEN." Valid ' +
      'deployment options include "WITH_TRAFFIC_CONTROL" and "WITHOUT_TRAFFIC_CONTROL."',
  ];
}

function blueGreen(): Named {
  return [
    'InvalidBlueGreenDeploymentConfigurationException',
    'The configuration for the blue/green deployment group was provided in an invalid format.',
  ];
}

/** CodeDeploy's error for the first violation of the contract, where it has one. */
export function invalid(_operation: string, [violation]: readonly Violation[]): Fault | undefined {
  if (!violation) return undefined;
  const member = violation.members.at(-1) ?? '';
  // An empty name is a name that was not given.
  const absent =
    violation.constraint === 'required' || (violation.constraint === 'minLength' && violation.value === '');
  const known = (absent ? REQUIRED[member] : undefined) ?? INVALID[member] ?? REQUIRED[member];
  return known && new Fault(known[0], known[1]);
}
