import {
  DescribeAutoScalingGroupsCommand,
  DescribePoliciesCommand,
  DescribeScheduledActionsCommand,
  ExecutePolicyCommand,
  PutScalingPolicyCommand,
  PutScheduledUpdateGroupActionCommand,
} from '@aws-sdk/client-auto-scaling';
import { expect, it } from 'vitest';
import { START } from '../../../../tests/table.ts';
import { GROUP, HOUR, MINUTE, stand } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';
import { nextOccurrence, parseCron } from './cron.ts';
import type { Cron } from './cron.ts';
import { nextInZone, timeZone } from './time-zones.ts';
import type { TimeZone } from './time-zones.ts';

const desired = async ({ asg }: Stand): Promise<number | undefined> =>
  (await asg.send(new DescribeAutoScalingGroupsCommand({}))).AutoScalingGroups?.[0]?.DesiredCapacity;

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html
it('changes the sizes of a group at the time of a scheduled action, once', async () => {
  const here = await stand();
  await here.create();
  const StartTime = new Date(START + HOUR);
  const what = {
    AutoScalingGroupName: GROUP,
    ScheduledActionName: 'morning',
    StartTime,
    MinSize: 2,
    DesiredCapacity: 3,
  };
  await here.asg.send(new PutScheduledUpdateGroupActionCommand(what));
  here.table.advance(HOUR - 1);
  expect(await desired(here)).toBe(0);
  here.table.advance(2 * MINUTE);
  expect(await desired(here)).toBe(3);
  here.until('InService', 3);
  expect((await here.activities())[0]?.Cause).toContain(
    'the scheduled action morning executed. Setting desired capacity from 0 to 3.',
  );
  const { ScheduledUpdateGroupActions = [] } = await here.asg.send(new DescribeScheduledActionsCommand({}));
  expect(ScheduledUpdateGroupActions).toEqual([]);
});

it('carries a recurring action out every time', async () => {
  const here = await stand();
  await here.create();
  const daily = {
    AutoScalingGroupName: GROUP,
    ScheduledActionName: 'daily',
    Recurrence: '0 8 * * *',
    DesiredCapacity: 1,
  };
  await here.asg.send(new PutScheduledUpdateGroupActionCommand(daily));
  here.table.advance(8 * HOUR + 2 * MINUTE);
  expect(await desired(here)).toBe(1);
  const { ScheduledUpdateGroupActions: [next] = [] } = await here.asg.send(
    new DescribeScheduledActionsCommand({}),
  );
  expect(next?.StartTime?.getTime()).toBe(START + 32 * HOUR);
});

it('refuses a scheduled action in the past or without a time', async () => {
  const here = await stand();
  await here.create();
  const what = { AutoScalingGroupName: GROUP, ScheduledActionName: 'late', DesiredCapacity: 1 };
  const put = (more: object): Promise<unknown> =>
    here.asg.send(new PutScheduledUpdateGroupActionCommand({ ...what, ...more }));
  await expect(put({ StartTime: new Date(START - 1000) })).rejects.toThrow('Given start time is in the past');
  await expect(put({ Recurrence: '61 * * * *' })).rejects.toThrow(
    'Given recurrence string: 61 * * * * is invalid',
  );
});

it('reads cron fields as Unix cron does', () => {
  const next = (text: string): number =>
    ((nextOccurrence(parseCron(text) as Cron, START) ?? 0) - START) / HOUR;
  expect(next('0 0 * * *')).toBe(0); // START is a Monday at midnight.
  expect(next('30 9 * * MON-FRI')).toBe(9.5);
  expect(next('0 */6 * * 0')).toBe(6 * 24);
  expect(next('0 12 13 * 5')).toBe(4 * 24 + 12); // Either day suffices: Friday the 9th comes first.
  expect(parseCron('* * * *')).toBeUndefined();
});

it('carries a recurring action out in its time zone, summer and winter', async () => {
  const here = await stand();
  await here.create();
  const daily = { AutoScalingGroupName: GROUP, ScheduledActionName: 'daily', DesiredCapacity: 1 };
  const put = (TimeZone: string): Promise<unknown> =>
    here.asg.send(new PutScheduledUpdateGroupActionCommand({ ...daily, Recurrence: '0 8 * * *', TimeZone }));
  await put('America/New_York');
  const { ScheduledUpdateGroupActions } = await here.asg.send(new DescribeScheduledActionsCommand({}));
  expect(ScheduledUpdateGroupActions?.[0]).toMatchObject({
    StartTime: new Date('2026-01-05T13:00:00Z'),
    TimeZone: 'America/New_York',
  });
  await expect(put('Mars/Olympus')).rejects.toMatchObject({ name: 'NotImplemented' });
});

// Transitions as https://www.iana.org/time-zones has them.
it.each([
  ['Europe/Berlin', '0 8 * * *', '2026-03-28T12:00Z', '2026-03-29T06:00Z'],
  ['Europe/Berlin', '30 2 * * *', '2026-03-28T12:00Z', '2026-03-29T01:30Z'], // Skipped: an hour later.
  ['Europe/Berlin', '30 2 * * *', '2026-10-25T00:00Z', '2026-10-25T00:30Z'], // Repeated: the first time.
  ['Europe/Berlin', '30 2 * * *', '2026-10-25T00:31Z', '2026-10-26T01:30Z'],
  ['America/New_York', '0 8 * * *', '2026-03-08T00:00Z', '2026-03-08T12:00Z'],
  ['Australia/Sydney', '0 8 * * *', '2026-10-03T12:00Z', '2026-10-03T21:00Z'],
  ['Pacific/Auckland', '0 8 * * *', '2026-07-01T00:00Z', '2026-07-01T20:00Z'],
  ['Asia/Kolkata', '0 8 * * *', '2026-07-01T00:00Z', '2026-07-01T02:30Z'],
])('finds %s %s after %s', (name, text, from, then) => {
  const at = nextInZone(parseCron(text) as Cron, Date.parse(from), timeZone(name) as TimeZone);
  expect(new Date(at ?? 0).toISOString()).toBe(new Date(then).toISOString());
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html
it('scales by steps, in percent and within bounds', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 4 });
  const StepAdjustments = [
    { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 10, ScalingAdjustment: 10 },
    { MetricIntervalLowerBound: 10, ScalingAdjustment: 200 },
  ];
  const policy = {
    AutoScalingGroupName: GROUP,
    PolicyName: 'out',
    PolicyType: 'StepScaling',
    AdjustmentType: 'PercentChangeInCapacity',
  };
  await here.asg.send(new PutScalingPolicyCommand({ ...policy, StepAdjustments }));
  const execute = (MetricValue: number): Promise<unknown> =>
    here.asg.send(
      new ExecutePolicyCommand({
        AutoScalingGroupName: GROUP,
        PolicyName: 'out',
        MetricValue,
        BreachThreshold: 50,
      }),
    );
  await execute(55);
  expect(await desired(here)).toBe(5); // A tenth of 4 is 0.4, and rounds up to 1.
  await execute(60);
  expect(await desired(here)).toBe(10); // MaxSize.
  const { ScalingPolicies = [] } = await here.asg.send(
    new DescribePoliciesCommand({ AutoScalingGroupName: GROUP }),
  );
  expect(ScalingPolicies[0]).toMatchObject({ PolicyName: 'out', PolicyType: 'StepScaling' });
});

it('honours the cooldown of simple policies when asked to', async () => {
  const here = await stand();
  await here.create();
  const policy = {
    AutoScalingGroupName: GROUP,
    PolicyName: 'out',
    AdjustmentType: 'ChangeInCapacity',
    ScalingAdjustment: 1,
    Cooldown: 600,
  };
  await here.asg.send(new PutScalingPolicyCommand(policy));
  const execute = (): Promise<unknown> =>
    here.asg.send(
      new ExecutePolicyCommand({ AutoScalingGroupName: GROUP, PolicyName: 'out', HonorCooldown: true }),
    );
  await execute();
  here.until('InService', 1);
  await expect(execute()).rejects.toThrow('is in progress and blocks this action');
  here.table.advance(10 * MINUTE);
  await execute();
  expect(await desired(here)).toBe(2);
});
