// Applications: names for what is deployed, each for one compute platform.

import { Fault } from '#contract/fault.ts';
import type { Output } from '#cloud/contracts.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags } from '#cloud/tags.ts';
import { invalidToken, PAGE_SIZE, tooMany } from '../faults.ts';
import { applicationOf, applications, deploymentGroups, deployments, revisions } from '../rows.ts';
import type { Application } from '../rows.ts';
import { LIMITS } from '../timings.ts';
import { platformOf } from './deployment-configs.ts';
import { removeGroup } from './deployment-groups.ts';
import { revisionKey } from './revisions.ts';

/** https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateApplication.html */
const NAME = /^[A-Za-z0-9._+=,@-]{1,100}$/;

type Info = NonNullable<Output<'codedeploy', 'GetApplication'>['application']>;

function describe({ name, id, computePlatform, createdAt }: Application): Info {
  return {
    applicationId: id,
    applicationName: name,
    createTime: createdAt,
    linkedToGitHub: false,
    computePlatform: computePlatform ?? 'Server',
  };
}

function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new Fault(
    'InvalidApplicationNameException',
    'The application name was specified in an invalid format.',
  );
}

export const applicationOperations: Operations<'codedeploy'> = {
  CreateApplication(ctx, { applicationName: name, computePlatform = 'Server', tags = [] }) {
    checkName(name);
    const platform = platformOf(computePlatform);
    if (ctx.get(applications, name)) {
      throw new Fault('ApplicationAlreadyExistsException', `Application already exists: ${name}`);
    }
    const id = ctx.uuid('application');
    ctx.put(applications, { name, id, ...platform, tags: mergeTags({}, tags), createdAt: ctx.now });
    return { applicationId: id };
  },

  GetApplication(ctx, { applicationName }) {
    return { application: describe(applicationOf(ctx, applicationName)) };
  },

  ListApplications(ctx, { nextToken }) {
    const { rows, next } = page(ctx, applications, { token: nextToken, limit: PAGE_SIZE, invalidToken });
    return { applications: rows.map(({ name }) => name), nextToken: next };
  },

  BatchGetApplications(ctx, { applicationNames }) {
    if (applicationNames.length > LIMITS.batch) throw tooMany();
    return { applicationsInfo: applicationNames.map((name) => describe(applicationOf(ctx, name))) };
  },

  UpdateApplication(ctx, { applicationName, newApplicationName }) {
    if (applicationName === undefined) {
      throw new Fault(
        'ApplicationNameRequiredException',
        'The minimum number of required application names was not specified.',
      );
    }
    const application = applicationOf(ctx, applicationName);
    if (newApplicationName === undefined || newApplicationName === applicationName) return;
    checkName(newApplicationName);
    if (ctx.get(applications, newApplicationName)) {
      throw new Fault(
        'ApplicationAlreadyExistsException',
        `Application already exists: ${newApplicationName}`,
      );
    }
    ctx.delete(applications, applicationName);
    ctx.put(applications, { ...application, name: newApplicationName });
    const renamed = { applicationName: newApplicationName };
    for (const row of ctx.list(deploymentGroups, 'application', applicationName))
      ctx.update(deploymentGroups, row, renamed);
    for (const row of ctx.list(deployments, 'application', applicationName))
      ctx.update(deployments, row, renamed);
    for (const row of ctx.list(revisions, 'application', applicationName)) {
      ctx.delete(revisions, row.key);
      ctx.put(revisions, { ...row, ...renamed, key: revisionKey(newApplicationName, row.location) });
    }
  },

  DeleteApplication(ctx, { applicationName }) {
    if (!ctx.get(applications, applicationName)) return; // Deleting what is not there succeeds.
    for (const group of ctx.list(deploymentGroups, 'application', applicationName)) removeGroup(ctx, group);
    for (const { key } of ctx.list(revisions, 'application', applicationName)) ctx.delete(revisions, key);
    ctx.delete(applications, applicationName);
  },
};
