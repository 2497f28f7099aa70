// The claims about AWS that rehearsals prove or correct, one by one. They date from March 2022; where a service has since ended or
// changed, the claim is about the behaviour as it was, and the verdict says what changed.

/** A statement about AWS. */
export interface Claim {
  readonly id: string;
  readonly text: string;
}

export const claims: readonly Claim[] = [
  {
    id: 'deploy/boot-time',
    text: 'an instance from a prebaked AMI is in service faster than one that OpsWorks sets up',
  },
  { id: 'deploy/chef', text: 'OpsWorks runs Chef recipes' },
  {
    id: 'deploy/configure-event',
    text: 'when an instance comes online or leaves, OpsWorks runs Configure on every instance of the stack, so configuration follows the fleet',
  },
  {
    id: 'deploy/less-to-manage',
    text: 'Elastic Beanstalk needs less administration than CloudFormation where both solve the task (count what the user has to own)',
  },
  {
    id: 'deploy/auto-healing',
    text: 'OpsWorks, CodeDeploy with an Auto Scaling group, and Elastic Beanstalk (its Auto Scaling group) bring a dead instance back with the application on it',
  },
  {
    id: 'deploy/rolling-eb',
    text: 'rolling deployments: EB; OpsWorks (by hand); CloudFormation + ASG with AutoScalingRollingUpdate; CodeDeploy',
  },
  {
    id: 'deploy/rolling-opsworks',
    text: 'rolling deployments: EB; OpsWorks (by hand); CloudFormation + ASG with AutoScalingRollingUpdate; CodeDeploy',
  },
  {
    id: 'deploy/rolling-cfn',
    text: 'rolling deployments: EB; OpsWorks (by hand); CloudFormation + ASG with AutoScalingRollingUpdate; CodeDeploy',
  },
  {
    id: 'deploy/rolling-codedeploy',
    text: 'rolling deployments: EB; OpsWorks (by hand); CloudFormation + ASG with AutoScalingRollingUpdate; CodeDeploy',
  },
  { id: 'deploy/rolling-order', text: 'rolling = take n instances out of traffic, deploy, put them back' },
  { id: 'deploy/in-place', text: 'in-place all at once = all instances in parallel' },
  {
    id: 'deploy/blue-green-eb',
    text: 'blue/green: EB by CNAME swap; CodeDeploy; two stacks (ASG + ELB) behind Route 53; two stacks (ASG) behind one ELB with weighted target groups',
  },
  {
    id: 'deploy/blue-green-codedeploy',
    text: 'blue/green: EB by CNAME swap; CodeDeploy; two stacks (ASG + ELB) behind Route 53; two stacks (ASG) behind one ELB with weighted target groups',
  },
  {
    id: 'deploy/blue-green-dns',
    text: 'blue/green: EB by CNAME swap; CodeDeploy; two stacks (ASG + ELB) behind Route 53; two stacks (ASG) behind one ELB with weighted target groups',
  },
  {
    id: 'deploy/blue-green-weights',
    text: 'blue/green: EB by CNAME swap; CodeDeploy; two stacks (ASG + ELB) behind Route 53; two stacks (ASG) behind one ELB with weighted target groups',
  },
  {
    id: 'deploy/delayed-termination',
    text: 'blue/green with the old Auto Scaling group kept for a while: CodeDeploy',
  },
  {
    id: 'deploy/canary-lambda',
    text: 'canary: CodeDeploy on Lambda and on ECS only; EB traffic splitting; API Gateway',
  },
  {
    id: 'deploy/canary-ecs',
    text: 'canary: CodeDeploy on Lambda and on ECS only; EB traffic splitting; API Gateway',
  },
  {
    id: 'deploy/canary-eb',
    text: 'canary: CodeDeploy on Lambda and on ECS only; EB traffic splitting; API Gateway',
  },
  {
    id: 'deploy/canary-api',
    text: 'canary: CodeDeploy on Lambda and on ECS only; EB traffic splitting; API Gateway',
  },
  {
    id: 'deploy/immutable-eb',
    text: 'EB immutable: a second ASG, one instance first, then in batches, then the old instances go; new instances take traffic during the deployment',
  },
  { id: 'deploy/ab-test', text: 'a long A/B test: two stacks (ASG + ALB) behind Route 53 weighted records' },
  {
    id: 'deploy/docker-many',
    text: 'many applications with many dependencies: Docker, through CloudFormation or EB',
  },
  {
    id: 'deploy/rollback-by-alarm',
    text: 'rollback on a CloudWatch alarm: CodeDeploy does it; EB does not (health checks only)',
  },
  {
    id: 'deploy/missed-instances',
    text: 'after a successful CodeDeploy deployment some instances run the old version: the ASG launched them during the deployment',
  },
  {
    id: 'deploy/stuck-in-hook',
    text: 'CodeDeploy hangs in a lifecycle hook on EC2 (up to about an hour): the script is at fault',
  },
  {
    id: 'deploy/stuck-in-allow-traffic',
    text: "CodeDeploy fails at AllowTraffic: the load balancer's health check fails",
  },
  {
    id: 'deploy/opsworks-boot',
    text: "OpsWorks instances stuck at booting: the agent does not start, or the instance profile's role is wrong",
  },
  {
    id: 'deploy/all-events-skipped',
    text: 'every CodeDeploy lifecycle event skipped: no agent, or a security group blocks it',
  },
  {
    id: 'deploy/limit-launches',
    text: 'Service Catalog limits what may be launched and by whom; plain CloudFormation cannot limit which template a user submits',
  },
  {
    id: 'backup/efs-cross-region',
    text: 'EFS across regions: Lambda starts an EC2 instance that mounts EFS and pushes to S3 in the other region, where another instance pulls into EFS',
  },
  { id: 'cfn/nested-stacks', text: 'teams and tiers: nested stacks; exports and ImportValue' },
  { id: 'cfn/import-value', text: 'teams and tiers: nested stacks; exports and ImportValue' },
  {
    id: 'cfn/custom-resource-lambda',
    text: 'custom resources behind Lambda or SNS; they must answer create, update and delete',
  },
  {
    id: 'cfn/custom-resource-sns',
    text: 'custom resources behind Lambda or SNS; they must answer create, update and delete',
  },
  {
    id: 'cfn/custom-resource-events',
    text: 'custom resources behind Lambda or SNS; they must answer create, update and delete',
  },
  { id: 'asg/standby', text: 'to troubleshoot an instance: standby; a lifecycle hook (one hour by default)' },
  {
    id: 'asg/lifecycle-hook',
    text: 'to troubleshoot an instance: standby; a lifecycle hook (one hour by default)',
  },
  { id: 'asg/scheduled', text: 'predictable traffic: scheduled scaling' },
  { id: 'asg/scale-in-protection', text: 'keep an instance from scale-in' },
  { id: 'asg/hook-register', text: 'send logs, register and deregister licences: lifecycle hooks' },
  { id: 'data/emr', text: 'batch and reporting jobs in the style of Spark: EMR' },
  { id: 'data/bi', text: 'visualise: Redshift; QuickSight as the cheaper way' },
  { id: 'data/search', text: 'search logs: Elasticsearch (OpenSearch)' },
  { id: 'data/athena', text: 'query data in S3: Athena' },
  {
    id: 'data/slow-report',
    text: 'slow report: hand the work to Lambda through a Kinesis stream, or scale the cluster with an ASG',
  },
  { id: 'data/glue', text: 'Apache Hive is close to AWS Glue' },
  { id: 'db/stream', text: 'a DynamoDB stream is like a Kinesis stream (which does more)' },
  {
    id: 'db/stream-readers',
    text: 'a DynamoDB stream throttles beyond two readers; use one Lambda → SNS → the others',
  },
  { id: 'db/dax', text: 'many reads: DAX' },
  {
    id: 'db/global-table',
    text: 'several regions: read and write with DynamoDB global tables; read only with Aurora',
  },
  {
    id: 'db/aurora-readers',
    text: 'several regions: read and write with DynamoDB global tables; read only with Aurora',
  },
  {
    id: 'db/promote',
    text: 'short recovery: promote a read replica, or Aurora global database; hours allowed: Lambda backs up and restores',
  },
  {
    id: 'db/restore',
    text: 'short recovery: promote a read replica, or Aurora global database; hours allowed: Lambda backs up and restores',
  },
  { id: 'db/conditional', text: 'ConditionalCheckFailedException: too many writers on one item' },
  { id: 'db/strong-read', text: 'stale data: use strongly consistent reads' },
  { id: 'db/iam-auth', text: 'database logins through IAM' },
  {
    id: 'config/aggregate-stacksets',
    text: 'aggregate Config across accounts: StackSets enable it, a delegated administrator, authorise the aggregator (one side asks, the other accepts); or through the organisation',
  },
  {
    id: 'config/aggregate-org',
    text: 'aggregate Config across accounts: StackSets enable it, a delegated administrator, authorise the aggregator (one side asks, the other accepts); or through the organisation',
  },
  { id: 'config/org-rule', text: 'an organisation rule puts a rule into every account' },
  {
    id: 'config/triggers',
    text: 'rules run on configuration changes or periodically; scope can be one resource type (a security group)',
  },
  {
    id: 'config/scope',
    text: 'rules run on configuration changes or periodically; scope can be one resource type (a security group)',
  },
  {
    id: 'config/sns',
    text: 'delivery channel to SNS tells of every change; CloudWatch Events watches one kind',
  },
  {
    id: 'config/events',
    text: 'delivery channel to SNS tells of every change; CloudWatch Events watches one kind',
  },
  {
    id: 'discovery/connector',
    text: 'Application Discovery: agentless connector on vCenter; agent on hosts',
  },
  { id: 'discovery/agent', text: 'Application Discovery: agentless connector on vCenter; agent on hosts' },
  { id: 'code/approval-rule', text: 'CodeCommit approval rules: branches as targets, a pool of approvers' },
  {
    id: 'code/notification',
    text: 'notifications to SNS or Chatbot on any activity; triggers to SNS or Lambda on pushes to branches or tags',
  },
  {
    id: 'code/trigger',
    text: 'notifications to SNS or Chatbot on any activity; triggers to SNS or Lambda on pushes to branches or tags',
  },
  { id: 'api/canary', text: 'API Gateway deploys by canary' },
  { id: 'api/lambda', text: "API Gateway's targets" },
  { id: 'api/step-functions', text: "API Gateway's targets" },
  { id: 'api/http', text: "API Gateway's targets" },
  { id: 'api/event', text: "API Gateway's targets" },
  { id: 'api/sqs', text: "API Gateway's targets" },
  { id: 'api/kinesis', text: "API Gateway's targets" },
  { id: 'events/cross-account', text: 'events can go to another account, in or out of the organisation' },
  { id: 'events/organisation', text: 'events can go to another account, in or out of the organisation' },
  { id: 'logs/alarm', text: 'logs → metric filter → metric → alarm → SNS' },
  {
    id: 'logs/lambda-s3-athena',
    text: 'logs → subscription → Lambda (same account; Kinesis can cross accounts) → S3 → Athena',
  },
  {
    id: 'logs/firehose-s3-athena',
    text: 'logs → subscription → Firehose → S3 → Athena; the same through a Kinesis stream',
  },
  {
    id: 'logs/stream-firehose-s3-athena',
    text: 'logs → subscription → Firehose → S3 → Athena; the same through a Kinesis stream',
  },
  {
    id: 'kinesis/streams',
    text: 'streams: real time, analysis and aggregation; Firehose: storage, with some processing on the way',
  },
  {
    id: 'kinesis/firehose',
    text: 'streams: real time, analysis and aggregation; Firehose: storage, with some processing on the way',
  },
  { id: 'kinesis/stream-ends', text: 'writers: SDK, agent, KPL; readers: KCL, Firehose, Lambda' },
  {
    id: 'kinesis/firehose-ends',
    text: 'writers: SDK, agent, stream, CloudWatch Events, CloudWatch Logs; destinations: S3, Elasticsearch, Redshift, MongoDB, Splunk',
  },
  {
    id: 'security/guardduty',
    text: 'threat detection; sensitive data in S3; advice drawn from other products; vulnerability scans and hardening (CVE, CIS)',
  },
  {
    id: 'security/macie',
    text: 'threat detection; sensitive data in S3; advice drawn from other products; vulnerability scans and hardening (CVE, CIS)',
  },
  {
    id: 'security/security-hub',
    text: 'threat detection; sensitive data in S3; advice drawn from other products; vulnerability scans and hardening (CVE, CIS)',
  },
  {
    id: 'security/inspector',
    text: 'threat detection; sensitive data in S3; advice drawn from other products; vulnerability scans and hardening (CVE, CIS)',
  },
  {
    id: 's3/cross-account-replication',
    text: "role in account A that S3 may assume (read A's objects, replicate to B, decrypt and encrypt); bucket policy in B that lets the role replicate and write",
  },
  { id: 'ecs/optimised-ami', text: 'the ECS-optimised AMI carries the container agent' },
  {
    id: 'ecs/awslogs',
    text: 'container logs by awslogs (needs the agent); system logs by the CloudWatch agent',
  },
  {
    id: 'ecs/system-logs',
    text: 'container logs by awslogs (needs the agent); system logs by the CloudWatch agent',
  },
];
