// The agents' API: an agent polls for a command, reads what to deploy, acknowledges, runs, reports. One command is one
// lifecycle event. The agent's source is the specification: https://github.com/aws/aws-codedeploy-agent

import { Fault } from '#contract/fault.ts';
import { base64, fromBase64, utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import {
  COURSES,
  endEvent,
  eventKey,
  hostKey,
  lifecycleEvents,
  parseDiagnostics,
  SUCCESS,
} from '../lifecycle-events.ts';
import type { LifecycleEvent } from '../lifecycle-events.ts';
import { deployments, hasEnded, targetLook, targets } from '../rows.ts';
import type { Deployment } from '../rows.ts';
import { eventEnd, pollHold } from '../timings.ts';

const EC2_HOST = /^arn:aws[a-z-]*:ec2:[a-z0-9-]+:(\d{12}):instance\/(i-[0-9a-f]+)$/;

/** Agents speak for themselves only: an instance with its profile's session, or a registered user or session. */
function checkHost({ principal, account }: Ctx, host: string): void {
  const [, owner, instanceId] = EC2_HOST.exec(host) ?? [];
  const own =
    instanceId === undefined
      ? (principal.type === 'user' || principal.type === 'role') && principal.arn === host
      : principal.type === 'role' && principal.sessionName === instanceId && owner === account;
  if (!own) throw new Fault('AccessDenied', '');
}

/** As agents log them: base64 of a Java object's JSON. */
function commandId(ctx: Ctx, { deploymentId, host, name, index, targetKey }: LifecycleEvent): string {
  const execution = executionId(ctx, deploymentId);
  const fields = {
    deploymentId: execution,
    hostId: host,
    commandName: name,
    commandIndex: index,
    attempt: 1,
    targetKey,
  };
  return base64(
    utf8(JSON.stringify(['com.amazon.apollo.deploycontrol.domain.HostCommandIdentifier', fields])),
  );
}

/** AWS's name for one execution of a deployment. */
function executionId({ region, account }: Ctx, deploymentId: string): string {
  return `CodeDeploy/${region}/Prod/arn:aws:sds:${region}:${account}:deployment/${deploymentId}`;
}

function eventOf(ctx: Ctx, id: string): LifecycleEvent {
  try {
    const bytes = fromBase64(id);
    if (!bytes) throw new SyntaxError('no base64');
    const [, named] = JSON.parse(new TextDecoder().decode(bytes)) as [
      string,
      { targetKey: string; commandIndex: number },
    ];
    const event = ctx.get(lifecycleEvents, eventKey(named.targetKey, named.commandIndex));
    if (!event) throw new SyntaxError('no such command');
    checkHost(ctx, event.host);
    return event;
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('ClientException', 'The host command identifier is not valid.');
  }
}

/** The event that a host may begin now. Deployments of one group follow each other; different groups may overlap. */
function nextCommand(ctx: Ctx, host: string): LifecycleEvent | undefined {
  const open = ctx.list(lifecycleEvents, 'host', host);
  const busy = new Set(open.filter((event) => isRunning(ctx, event)).map(({ groupId }) => groupId));
  return open
    .filter(
      (event) => event.handedOutAt === undefined && event.triggeredAt <= ctx.now && !busy.has(event.groupId),
    )
    .filter((event) => wanted(ctx, event))
    .toSorted((left, right) => left.triggeredAt - right.triggeredAt || (left.key < right.key ? -1 : 1))[0];
}

/** A script that a stopped deployment left running keeps the next one waiting, for as long as it may run. */
function isRunning(ctx: Ctx, { startedAt, endedAt }: LifecycleEvent): boolean {
  return (
    startedAt !== undefined && endedAt === undefined && ctx.now < startedAt + ctx.duration(eventEnd, 'event')
  );
}

/** Whether anybody still wants an event to run. */
function wanted(ctx: Ctx, { deploymentId, targetKey, index }: LifecycleEvent): boolean {
  const deployment = ctx.get(deployments, deploymentId);
  const target = ctx.get(targets, targetKey);
  return (
    deployment !== undefined &&
    !hasEnded(deployment) &&
    target?.status === 'InProgress' &&
    target.event === index
  );
}

/**
 * Every event that an AppSpec file may name, whatever this deployment goes through: the agent rejects other names, and
 * insists on the ones that it maps to scripts itself.
 */
const POSSIBLE_EVENTS = [...new Set(Object.values(COURSES).flat())].filter(
  (name) => name !== 'BlockTraffic' && name !== 'AllowTraffic',
);

/** What the agent needs to know of a deployment. The service signs this in AWS; here it is plain. */
function specification(deployment: Deployment): string {
  const { bucket, key, bundleType, version, eTag } = deployment.revision.s3Location ?? {};
  return JSON.stringify({
    DeploymentId: deployment.id,
    DeploymentGroupId: deployment.groupId,
    DeploymentGroupName: deployment.groupName,
    ApplicationName: deployment.applicationName,
    DeploymentCreator: deployment.creator,
    DeploymentType: deployment.style.deploymentType,
    AppSpecFilename: 'appspec.yml',
    AgentActionOverrides: { AgentOverrides: { FileExistsBehavior: deployment.fileExistsBehavior } },
    Revision: {
      RevisionType: 'S3',
      S3Revision: {
        Bucket: bucket,
        Key: key,
        BundleType: bundleType,
        ...(version === undefined ? {} : { Version: version }),
        ...(eTag === undefined ? {} : { ETag: eTag }),
      },
    },
    AllPossibleLifecycleEvents: POSSIBLE_EVENTS,
  });
}

export const commandOperations: Operations<'codedeploy-commands'> = {
  PollHostCommand(ctx, { HostIdentifier: host }) {
    checkHost(ctx, host);
    const event = nextCommand(ctx, host);
    // An idle agent on a modelled machine costs nothing: its poll stays until there is a command.
    if (!event) return ctx.wait(hostKey(host), ctx.now + ctx.duration(pollHold, host), {}, true);
    ctx.update(lifecycleEvents, event, { handedOutAt: ctx.now });
    return {
      HostCommand: {
        HostCommandIdentifier: commandId(ctx, event),
        HostIdentifier: host,
        DeploymentExecutionId: executionId(ctx, event.deploymentId),
        CommandName: event.name,
        Nonce: event.index + 1,
      },
    };
  },

  GetDeploymentSpecification(ctx, { DeploymentExecutionId, HostIdentifier: host }) {
    checkHost(ctx, host);
    const id = DeploymentExecutionId.split('/').at(-1) ?? '';
    const deployment = ctx.get(deployments, id);
    if (
      !deployment ||
      ctx.list(targets, 'host', `${id}/${host}`).length === 0 ||
      executionId(ctx, id) !== DeploymentExecutionId
    ) {
      throw new Fault('ClientException', 'The deployment execution does not exist.');
    }
    return {
      DeploymentSystem: 'CodeDeploy',
      DeploymentSpecification: {
        GenericEnvelope: { Format: 'TEXT/JSON', Payload: specification(deployment) },
      },
    };
  },

  PutHostCommandAcknowledgement(ctx, { HostCommandIdentifier, Diagnostics }) {
    const event = eventOf(ctx, HostCommandIdentifier);
    if (event.endedAt !== undefined)
      return { CommandStatus: event.status === 'Succeeded' ? 'Succeeded' : 'Failed' };
    if (!wanted(ctx, event)) return { CommandStatus: 'Failed' };
    const begun = ctx.update(lifecycleEvents, event, {
      status: 'InProgress',
      startedAt: event.startedAt ?? ctx.now,
    });
    if (!isNoop(Diagnostics?.Payload)) {
      ctx.wake(targetLook, event.targetKey);
      return { CommandStatus: 'InProgress' };
    }
    // No script is registered for the event: there is nothing to wait for.
    endEvent(ctx, begun, 'Succeeded', SUCCESS);
    ctx.wake(targetLook, event.targetKey);
    return { CommandStatus: 'Succeeded' };
  },

  PostHostCommandUpdate(ctx, { HostCommandIdentifier, Diagnostics }) {
    const event = eventOf(ctx, HostCommandIdentifier);
    const { endedAt, status } = event;
    if (endedAt !== undefined) return { CommandStatus: status === 'Succeeded' ? 'Succeeded' : 'Failed' };
    const diagnostics = parseDiagnostics(Diagnostics?.Payload);
    if (diagnostics) ctx.update(lifecycleEvents, event, { diagnostics });
    return { CommandStatus: status === 'InProgress' ? 'InProgress' : 'Pending' };
  },

  PutHostCommandComplete(ctx, { HostCommandIdentifier, CommandStatus, Diagnostics }) {
    const event = eventOf(ctx, HostCommandIdentifier);
    if (event.endedAt !== undefined) return; // Too late, or told twice.
    if (CommandStatus !== 'Succeeded' && CommandStatus !== 'Failed') {
      throw new Fault('ClientException', 'The command status is not one that ends a command.');
    }
    endEvent(ctx, event, CommandStatus, parseDiagnostics(Diagnostics?.Payload));
    ctx.wake(targetLook, event.targetKey);
    ctx.wakeWaiting(hostKey(event.host)); // Another deployment may have waited for this script.
  },
};

function isNoop(payload: string | undefined): boolean {
  try {
    return (
      payload !== undefined && (JSON.parse(payload) as { IsCommandNoop?: boolean }).IsCommandNoop === true
    );
  } catch {
    return false;
  }
}
