// Dashboards: they are kept, listed and given back; nobody draws them. An account has the same ones in all regions.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import { GLOBAL } from '#cloud/ctx.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { parsedObject } from '#cloud/json.ts';

export interface Dashboard {
  name: string;
  body: string;
  modifiedAt: number;
  tags: Tags;
}

export const dashboards: Table<Dashboard> = table<Dashboard>('monitoring/dashboards', (row) => row.name);

const NAME = /^[A-Za-z0-9_-]{1,255}$/;
const PAGE_SIZE = 1000;

const everyRegion = (ctx: Ctx): Ctx => ctx.in({ region: GLOBAL });

export function dashboardArn(ctx: Ctx, name: string): string {
  return everyRegion(ctx).arn('cloudwatch', `dashboard/${name}`);
}

/** The dashboard of an ARN, and the scope in which its row is. */
export function dashboardByArn(ctx: Ctx, arn: string): { row: Dashboard; home: Ctx } | undefined {
  const home = everyRegion(ctx);
  const row = home.get(dashboards, arn.slice(arn.indexOf(':dashboard/') + ':dashboard/'.length));
  return row && dashboardArn(ctx, row.name) === arn ? { row, home } : undefined;
}

function invalid(message: string, dashboardValidationMessages: readonly object[] = []): Fault {
  return new Fault('DashboardInvalidInputError', message, { fields: { dashboardValidationMessages } });
}

function notFound(name: string): Fault {
  return new Fault('DashboardNotFoundError', `Dashboard ${name} does not exist`);
}

export const dashboardOperations: Operations<'monitoring'> = {
  PutDashboard(ctx, { DashboardName: name, DashboardBody: body, Tags: tags }) {
    if (!NAME.test(name)) {
      throw new Fault(
        'InvalidParameterValueException',
        'The value for field DashboardName contains invalid characters. ' +
          'It can only contain alphanumerics, dash (-) and underscore (_).\n',
      );
    }
    if (!parsedObject(body)) {
      const Message = 'The field DashboardBody must be a valid JSON object';
      throw invalid(Message, [{ Message }]);
    }
    const home = everyRegion(ctx);
    const known = home.get(dashboards, name);
    // Tags of a dashboard that exists are changed by TagResource alone.
    home.put(dashboards, { name, body, modifiedAt: ctx.now, tags: known?.tags ?? mergeTags({}, tags) });
    return { DashboardValidationMessages: [] };
  },

  GetDashboard(ctx, { DashboardName }) {
    const found = everyRegion(ctx).get(dashboards, DashboardName);
    if (!found) throw notFound(DashboardName);
    const { name, body } = found;
    return { DashboardArn: dashboardArn(ctx, name), DashboardBody: body, DashboardName: name };
  },

  ListDashboards(ctx, { DashboardNamePrefix: prefix = '', NextToken: token }) {
    const { rows, next } = page(everyRegion(ctx), dashboards, { token, limit: PAGE_SIZE, prefix });
    return {
      DashboardEntries: rows.map(({ name, body, modifiedAt }) => ({
        DashboardName: name,
        DashboardArn: dashboardArn(ctx, name),
        LastModified: modifiedAt,
        Size: utf8(body).length,
      })),
      NextToken: next,
    };
  },

  /** All of them or none. */
  DeleteDashboards(ctx, { DashboardNames }) {
    const home = everyRegion(ctx);
    if (DashboardNames.length === 0)
      throw new Fault('InvalidParameterValueException', 'Need to specify at least 1 dashboard.');
    const missing = DashboardNames.find((name) => !home.get(dashboards, name));
    if (missing !== undefined) throw notFound(missing);
    for (const name of DashboardNames) home.delete(dashboards, name);
  },
};
