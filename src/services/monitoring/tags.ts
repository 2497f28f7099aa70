// Tags of alarms and dashboards.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { alarms } from './alarms/alarm.ts';
import type { Alarm } from './alarms/alarm.ts';
import { dashboardByArn, dashboards } from './dashboards.ts';

/** What carries tags, and how they are written to it. */
interface Tagged {
  readonly tags: Tags;
  write(tags: Tags): void;
}

const ALARM = /^arn:aws:cloudwatch:[^:]*:\d{12}:alarm:(.+)$/;

function alarmAt(ctx: Ctx, arn: string): Alarm | undefined {
  const alarm = ctx.get(alarms, ALARM.exec(arn)?.[1] ?? '');
  return alarm?.arn === arn ? alarm : undefined;
}

function tagged(ctx: Ctx, arn: string): Tagged {
  const alarm = alarmAt(ctx, arn);
  if (alarm) return { tags: alarm.tags, write: (tags) => ctx.put(alarms, { ...alarm, tags }) };
  const dashboard = dashboardByArn(ctx, arn);
  if (!dashboard) throw new Fault('ResourceNotFoundException', 'Unknown');
  const { row, home } = dashboard;
  return { tags: row.tags, write: (tags) => home.put(dashboards, { ...row, tags }) };
}

export const tagOperations: Operations<'monitoring'> = {
  TagResource(ctx, { ResourceARN, Tags: added }) {
    const { tags, write } = tagged(ctx, ResourceARN);
    write(mergeTags(tags, added));
  },

  UntagResource(ctx, { ResourceARN, TagKeys }) {
    const { tags, write } = tagged(ctx, ResourceARN);
    write(removeTags(tags, TagKeys));
  },

  ListTagsForResource(ctx, { ResourceARN }) {
    // An alarm that is not there has none (recorded by LocalStack: test_tagging_metric_alarm).
    if (ALARM.test(ResourceARN) && !alarmAt(ctx, ResourceARN)) return { Tags: [] };
    return { Tags: tagList(tagged(ctx, ResourceARN).tags) };
  },
};
