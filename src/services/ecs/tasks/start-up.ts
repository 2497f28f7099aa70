// What a task needs before its containers start: images, secrets and log streams, each fetched or made under the role that AWS
// uses for it. A failure stops the task.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html

import type { Fault } from '#contract/fault.ts';
import type { Caller, ThroughRole } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { identity } from '#cloud/ports/identity.ts';
import { instances } from '#cloud/ports/instances.ts';
import { containerInstances, TASKS_PRINCIPAL } from '../tables.ts';
import type { ContainerDefinition, Task, TaskDefinition } from '../tables.ts';
import { isPrivate } from './container-definitions.ts';
import { runtimeId } from './task-description.ts';

const HUB = 'registry-1.docker.io';

/** The task's execution role; nothing where it has none. */
function executionRole(task: Task, definition: TaskDefinition): ThroughRole | undefined {
  const roleArn = task.overrides.executionRoleArn ?? definition.given.executionRoleArn;
  return roleArn === undefined || roleArn === ''
    ? undefined
    : { roleArn, service: TASKS_PRINCIPAL, sessionName: task.id };
}

/** The role of the container instance that a task is on. */
function instanceRole(ctx: Ctx, task: Task): ThroughRole | undefined {
  const row =
    task.containerInstance === undefined ? undefined : ctx.get(containerInstances, task.containerInstance);
  const profile = row && ctx.port(instances).facts(ctx, row.instanceId)?.instanceProfileArn;
  const roleArn = profile === undefined ? undefined : ctx.port(identity).profileRole(ctx, profile);
  return roleArn === undefined || !row
    ? undefined
    : { roleArn, service: 'ec2.amazonaws.com', sessionName: row.instanceId };
}

function reaches(ctx: Ctx, task: Task, host: string): boolean {
  const instance =
    task.containerInstance === undefined ? undefined : ctx.get(containerInstances, task.containerInstance);
  const from = task.interfaceId ?? instance?.instanceId ?? '';
  return ctx.port(instances).reachEndpoint(ctx, from, host).ok;
}

/** Why the image of a container cannot be pulled; nothing where it can. */
export function pullProblem(
  ctx: Ctx,
  task: Task,
  definition: TaskDefinition,
  { image = '' }: ContainerDefinition,
): string | undefined {
  if (!isPrivate(image)) {
    const host =
      image.includes('/') && /[.:]/.test(image.split('/')[0] ?? '') ? (image.split('/')[0] as string) : HUB;
    if (reaches(ctx, task, host)) return undefined;
    const ref = resolved(image, host);
    return (
      `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ${ref}: ` +
      `failed to do request: Head "https://${host}/v2/": dial tcp: i/o timeout`
    );
  }
  return privatePullProblem(ctx, task, definition, image);
}

/** As Docker names it in full. */
function resolved(image: string, host: string): string {
  const tagged = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
  if (host !== HUB) return tagged;
  return `docker.io/${image.includes('/') ? '' : 'library/'}${tagged}`;
}

function privatePullProblem(
  ctx: Ctx,
  task: Task,
  definition: TaskDefinition,
  image: string,
): string | undefined {
  const [registry = '', ...path] = image.split('/');
  const [registryId = '', , , region = ''] = registry.split('.');
  const name = path.join('/');
  const [repositoryName = '', imageDigest] = name.split('@');
  const [repository = '', imageTag = 'latest'] = repositoryName.split(':');
  const as: Caller | undefined =
    executionRole(task, definition) ?? (task.launchType === 'EC2' ? instanceRole(ctx, task) : undefined);
  const registryFails = (why: string): string =>
    task.launchType === 'FARGATE'
      ? 'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ' +
        `unable to retrieve ecr registry auth: service call has been retried 3 time(s): ${why}`
      : `CannotPullECRContainerError: ${why}`;
  const timeout = `RequestError: send request failed caused by: Post "https://api.ecr.${region}.amazonaws.com/": dial tcp: i/o timeout`;
  if (!reaches(ctx, task, `api.ecr.${region}.amazonaws.com`)) return registryFails(timeout);
  if (!as) return registryFails('NoCredentialProviders: no valid providers in chain');
  const there = ctx.in({ region });
  const token = there.call('ecr', 'GetAuthorizationToken', {}, as);
  if (!token.ok) return registryFails(told(token.fault));
  const imageIds = [imageDigest === undefined ? { imageTag } : { imageDigest }];
  const found = there.call('ecr', 'BatchGetImage', { registryId, repositoryName: repository, imageIds }, as);
  const ref = imageDigest === undefined ? `${registry}/${repository}:${imageTag}` : image;
  const fails = (why: string): string =>
    `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${ref}: ${why}`;
  if (!found.ok)
    return fails(
      `pulling from host ${registry} failed with status code [manifests ${imageTag}]: ${told(found.fault)}`,
    );
  if ((found.output.images ?? []).length === 0) return fails(`${ref}: not found`);
  if (!reaches(ctx, task, `s3.${region}.amazonaws.com`)) return fails('dial tcp: i/o timeout');
  return undefined;
}

/** As the services' JSON APIs name it. */
function told({ shape, message }: Fault): string {
  return `${shape === 'AccessDenied' ? 'AccessDeniedException' : shape}: ${message}`;
}

/** Why a secret of a container cannot be fetched. */
export function secretProblem(
  ctx: Ctx,
  task: Task,
  definition: TaskDefinition,
  { secrets = [], logConfiguration }: ContainerDefinition,
): string | undefined {
  const wanted = [...secrets, ...(logConfiguration?.secretOptions ?? [])];
  for (const { valueFrom } of wanted) {
    const as = executionRole(task, definition);
    const problem = as
      ? fetchProblem(ctx, task, valueFrom, as)
      : 'NoCredentialProviders: no valid providers in chain';
    if (problem === undefined) continue;
    const kind = isSecret(valueFrom)
      ? 'unable to retrieve secret from asm'
      : 'unable to retrieve secrets from ssm';
    return (
      'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ' +
      `${kind}: service call has been retried 1 time(s): ${problem}`
    );
  }
  return undefined;
}

function isSecret(valueFrom: string): boolean {
  return valueFrom.startsWith('arn:aws:secretsmanager:');
}

function fetchProblem(ctx: Ctx, task: Task, valueFrom: string, as: Caller): string | undefined {
  const region = valueFrom.startsWith('arn:') ? (valueFrom.split(':')[3] ?? ctx.region) : ctx.region;
  const there = ctx.in({ region });
  const service = isSecret(valueFrom) ? 'secretsmanager' : 'ssm';
  const host = `${service}.${region}.amazonaws.com`;
  if (!reaches(ctx, task, host))
    return `RequestError: send request failed caused by: Post "https://${host}/": dial tcp: i/o timeout`;
  if (service === 'secretsmanager') {
    // An ARN may be followed by a JSON key, a stage and a version.
    const parts = valueFrom.split(':');
    const [key, stage, version] = parts.slice(7);
    const found = there.call(
      'secretsmanager',
      'GetSecretValue',
      {
        SecretId: parts.slice(0, 7).join(':'),
        ...(stage ? { VersionStage: stage } : {}),
        ...(version ? { VersionId: version } : {}),
      },
      as,
    );
    if (!found.ok) return told(found.fault);
    return key && !(found.output.SecretString ?? '').includes(`"${key}"`)
      ? `retrieved secret from Secrets Manager did not contain json key ${key}`
      : undefined;
  }
  const name = valueFrom.startsWith('arn:')
    ? valueFrom.slice(valueFrom.indexOf(':parameter') + ':parameter'.length)
    : valueFrom;
  const found = there.call('ssm', 'GetParameters', { Names: [name], WithDecryption: true }, as);
  if (!found.ok) return told(found.fault);
  const { InvalidParameters = [] } = found.output;
  return InvalidParameters.length > 0
    ? `Fetching secret data from SSM Parameter Store in ${region}: invalid parameters: ${name}`
    : undefined;
}

type LogStream = { readonly problem: string } | { readonly write: (lines: readonly string[]) => void };

/** Makes the log stream of a container, whose lines go there. Nothing where its log goes elsewhere. */
export function openLog(
  ctx: Ctx,
  task: Task,
  definition: TaskDefinition,
  { name = '', logConfiguration }: ContainerDefinition,
): LogStream | undefined {
  if (logConfiguration?.logDriver !== 'awslogs') return undefined;
  const { options = {} } = logConfiguration;
  const logGroupName = options['awslogs-group'] ?? '';
  const region = options['awslogs-region'] ?? ctx.region;
  const prefix = options['awslogs-stream-prefix'];
  const logStreamName = prefix === undefined ? runtimeId(task, name) : `${prefix}/${name}/${task.id}`;
  const fargate = task.launchType === 'FARGATE';
  const failing = (why: string): LogStream => ({
    problem: fargate
      ? `ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ${why} : exit status 1`
      : `CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: ${why}`,
  });
  const as = fargate ? executionRole(task, definition) : instanceRole(ctx, task);
  if (!as) return failing('NoCredentialProviders: no valid providers in chain');
  if (!reaches(ctx, task, `logs.${region}.amazonaws.com`))
    return failing(
      `RequestError: send request failed caused by: Post "https://logs.${region}.amazonaws.com/": dial tcp: i/o timeout`,
    );
  const there = ctx.in({ region });
  if (options['awslogs-create-group'] === 'true') {
    const made = there.call('logs', 'CreateLogGroup', { logGroupName }, as);
    if (!made.ok && made.fault.shape !== 'ResourceAlreadyExistsException') return failing(told(made.fault));
  }
  const made = there.call('logs', 'CreateLogStream', { logGroupName, logStreamName }, as);
  if (!made.ok && made.fault.shape !== 'ResourceAlreadyExistsException') return failing(told(made.fault));
  return {
    write(lines) {
      if (lines.length === 0) return;
      const logEvents = lines.map((message) => ({ timestamp: there.now, message }));
      // Lines that are not let through are lost, and the container runs on.
      there.call('logs', 'PutLogEvents', { logGroupName, logStreamName, logEvents }, as);
    },
  };
}

/** Why the roles of a task cannot be used. */
export function roleProblem(ctx: Ctx, task: Task, definition: TaskDefinition): string | undefined {
  const { overrides, id: sessionName } = task;
  const roles = [
    overrides.executionRoleArn ?? definition.given.executionRoleArn,
    overrides.taskRoleArn ?? definition.given.taskRoleArn,
  ];
  for (const roleArn of roles) {
    if (roleArn === undefined || roleArn === '') continue;
    if (assumable(ctx, { roleArn, service: TASKS_PRINCIPAL, sessionName })) continue;
    return (
      `ECS was unable to assume the role '${roleArn}' that was provided for this task. Please verify that the role being ` +
      'passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.'
    );
  }
  return undefined;
}

function assumable(ctx: Ctx, role: ThroughRole): boolean {
  try {
    ctx.port(identity).assumeFor(ctx, role);
    return true;
  } catch (error) {
    if (error instanceof Error && 'shape' in error) return false;
    throw error;
  }
}
