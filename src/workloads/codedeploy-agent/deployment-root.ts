// The agent's folder on a machine, /opt/codedeploy-agent/deployment-root: unpacked revisions, the list of
// files to clean up, and the pointers that decide which revision's scripts run.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { appSpecOf, revisionOf } from '../revision.ts';
import type { Revision } from '../revision.ts';
import type { AppSpec } from '../appspec.ts';
import type { BundleType } from '../bundle.ts';
import { AgentError } from '../problem.ts';
import type { Deployment } from './specification.ts';

const DEPLOYMENT_ROOT = '/opt/codedeploy-agent/deployment-root';

/** An unpacked revision: `<root>/<group>/<deployment>/deployment-archive`. */
export interface Archive {
  readonly deploymentId: string;
  readonly groupId: string;
  readonly blob: string;
  readonly bundleType: BundleType;
  /** What reports call the revision where its manifest gives no version. */
  readonly label: string;
}

export interface DeploymentRoot {
  readonly instanceId: string;
  /** Oldest first. */
  readonly archives: readonly Archive[];
  /** Deployment by group: written when Install succeeds, whatever comes of the deployment afterwards. */
  readonly lastSuccessful: Readonly<Record<string, string>>;
  /** Deployment by group: written when DownloadBundle succeeds. */
  readonly mostRecent: Readonly<Record<string, string>>;
  /** Files by group that its next Install deletes first. */
  readonly cleanup: Readonly<Record<string, readonly string[]>>;
  /** Revisions that were ever downloaded here. */
  readonly downloads: number;
}

export const deploymentRoots: Table<DeploymentRoot> = table<DeploymentRoot>(
  'codedeploy-agent/deployment-roots',
  (row) => row.instanceId,
);

/** `max_revisions` of the agent's configuration. */
const MOST_ARCHIVES = 5;

export function rootOf(ctx: Ctx, instanceId: string): DeploymentRoot {
  const empty = { archives: [], lastSuccessful: {}, mostRecent: {}, cleanup: {}, downloads: 0 };
  return ctx.get(deploymentRoots, instanceId) ?? { instanceId, ...empty };
}

export function archiveFolder({ groupId, deploymentId }: Pick<Archive, 'groupId' | 'deploymentId'>): string {
  return `${DEPLOYMENT_ROOT}/${groupId}/${deploymentId}/deployment-archive`;
}

/** Keeps a downloaded revision; the oldest of the group go, but never the one that was installed last. */
export function keepArchive(ctx: Ctx, instanceId: string, archive: Archive): void {
  const root = rootOf(ctx, instanceId);
  const { deploymentId, groupId } = archive;
  const others = root.archives.filter((one) => one.deploymentId !== deploymentId);
  const old = others.filter((one) => one.groupId === groupId);
  const spare = old.filter((one) => one.deploymentId !== root.lastSuccessful[groupId]);
  const gone = new Set(spare.slice(0, Math.max(0, old.length - MOST_ARCHIVES + 1)));
  ctx.put(deploymentRoots, {
    ...root,
    archives: [...others.filter((one) => !gone.has(one)), archive],
    mostRecent: { ...root.mostRecent, [groupId]: deploymentId },
    downloads: root.downloads + 1,
  });
}

/**
 * After Install: what to clean up next time, and, if all of it was copied, whose stop scripts run next time.
 */
export function keepInstallation(
  ctx: Ctx,
  instanceId: string,
  deployment: Deployment,
  created: readonly string[],
  complete: boolean,
): void {
  const root = rootOf(ctx, instanceId);
  const { groupId, deploymentId } = deployment;
  ctx.put(deploymentRoots, {
    ...root,
    cleanup: { ...root.cleanup, [groupId]: created },
    lastSuccessful: complete ? { ...root.lastSuccessful, [groupId]: deploymentId } : root.lastSuccessful,
  });
}

type Source = 'current' | 'last-successful' | 'most-recent';

const SOURCES: Readonly<Record<string, Source>> = {
  BeforeBlockTraffic: 'last-successful',
  AfterBlockTraffic: 'last-successful',
  ApplicationStop: 'last-successful',
};

/** In the rollback of a blue/green deployment the original instances go back into service. */
const ROLLBACK_SOURCES: Readonly<Record<string, Source>> = {
  BeforeBlockTraffic: 'most-recent',
  AfterBlockTraffic: 'most-recent',
  ApplicationStop: 'last-successful',
  BeforeAllowTraffic: 'last-successful',
  AfterAllowTraffic: 'last-successful',
};

export interface Hooks {
  readonly archive: Archive;
  readonly revision: Revision;
  readonly spec: AppSpec;
}

/**
 * The revision whose scripts run in an event: the deployment's own, or an earlier one as long as the
 * deployment's own is not there yet; nothing where that is missing too, as on an instance's first deployment.
 */
export function hooksFor(
  ctx: Ctx,
  instanceId: string,
  deployment: Deployment,
  event: string,
): Hooks | undefined {
  const root = rootOf(ctx, instanceId);
  const own = root.archives.find(({ deploymentId }) => deploymentId === deployment.deploymentId);
  const back = deployment.creator === 'codeDeployRollback' && deployment.type === 'BLUE_GREEN';
  const source = (back ? ROLLBACK_SOURCES : SOURCES)[event] ?? 'current';
  if (own || source === 'current') return read(ctx, deployment, own);
  const earlier = (source === 'last-successful' ? root.lastSuccessful : root.mostRecent)[deployment.groupId];
  if (earlier === undefined) return undefined;
  return read(
    ctx,
    { ...deployment, deploymentId: earlier },
    root.archives.find(({ deploymentId }) => deploymentId === earlier),
  );
}

function read(ctx: Ctx, deployment: Deployment, archive: Archive | undefined): Hooks {
  const revision = archive && revisionOf(ctx, archive.blob, archive.bundleType);
  const spec = revision && appSpecOf(revision, deployment.appSpecPath);
  if (archive && spec) return { archive, revision, spec };
  const folder = archiveFolder(deployment);
  throw new AgentError(
    'The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory at revision-relative path ' +
      `"${deployment.appSpecPath}". The revision was unpacked to directory "${folder}", and the AppSpec file was expected but ` +
      `not found at path "${folder}/${deployment.appSpecPath}". Consult the AWS CodeDeploy Appspec documentation for more ` +
      'information at http://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html',
  );
}

/**
 * The AppSpec that Install follows. Its events must be events of this deployment, if the service names those.
 */
export function specToInstall(ctx: Ctx, instanceId: string, deployment: Deployment): Hooks {
  const own = rootOf(ctx, instanceId).archives.find(
    ({ deploymentId }) => deploymentId === deployment.deploymentId,
  );
  const names = [deployment.appSpecPath, 'appspec.yaml', 'appspec.yml'];
  const revision = own && revisionOf(ctx, own.blob, own.bundleType);
  const path = names.find((name) => revision?.files.some((file) => file.path === name)) ?? 'appspec.yml';
  const spec = revision && appSpecOf(revision, path);
  if (!own || !spec)
    throw new AgentError(`No such file or directory @ rb_sysopen - ${archiveFolder(deployment)}/${path}`);
  checkEvents(spec, path, deployment.lifecycleEvents);
  return { archive: own, revision, spec };
}

/** Events that the agent maps to scripts. */
export const SCRIPTED: readonly string[] = [
  'BeforeBlockTraffic',
  'AfterBlockTraffic',
  'ApplicationStop',
  'BeforeInstall',
  'AfterInstall',
  'ApplicationStart',
  'BeforeAllowTraffic',
  'AfterAllowTraffic',
  'ValidateService',
];

function checkEvents(spec: AppSpec, path: string, possible: readonly string[] | undefined): void {
  if (!possible) return;
  const unknown = [...new Set([...Object.keys(spec.hooks), ...SCRIPTED])].filter(
    (event) => !possible.includes(event),
  );
  if (unknown.length === 0) return;
  throw new AgentError(
    `${path} file contains unknown lifecycle events: ${JSON.stringify(unknown).replaceAll(',', ', ')}`,
  );
}
