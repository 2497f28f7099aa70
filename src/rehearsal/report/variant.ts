// The part of the report about one variant: why it ended as it did, what happened when, and the plots of it.

import { timeText } from '../figures.ts';
import type { DeploymentReport, EventReport, RunResult } from '../result.ts';
import { chronicle } from './chronicle.ts';
import type { Happening } from './chronicle.ts';
import { BALANCER, EVENT_KINDS, eventColour, FAILED, INK, REASON_COLOURS } from './colours.ts';
import { escapeXml } from './junit.ts';
import { pointsOf } from './points.ts';
import type { Point } from './points.ts';
import { legend, stackedAreas, stepLines, timeline } from './svg.ts';
import type { Bar, Frame, Layer, TimeSpan } from './svg.ts';

export type VersionColours = ReadonlyMap<string, string>;

const MARK_COLOURS: Readonly<Record<Happening['kind'], string>> = {
  deployment: '#1d4e89',
  stack: '#1d4e89',
  alarm: '#8f4fa8',
  traffic: '#57708a',
  failure: FAILED,
};

export function section(result: RunResult, colours: VersionColours): string {
  const happened = chronicle(result);
  const marks = happened.map(({ at, kind }, i) => ({ at, number: i + 1, colour: MARK_COLOURS[kind] }));
  const frame: Frame = { span: spanOf(result), marks };
  const title = result.variant || result.title;
  return [
    `<section><h2 id="${anchor(result)}">${escapeXml(title)}</h2>`,
    why(result),
    expectations(result),
    events(happened, frame.span),
    traffic(result, colours, frame),
    // Without traffic, the first timeline shows what the numbers stand for.
    ...result.deployments.map((deployment, i) =>
      instanceTimeline(deployment, { ...frame, numbered: !result.measurement && i === 0 }),
    ),
    result.deployments.some(({ targets }) => targets.length > 0) ? legend(EVENT_KINDS) : '',
    ...result.deployments.map((deployment) => eventTable(deployment)),
    stackTable(result, frame.span),
    output(result),
    '</section>',
  ].join('\n');
}

/** The id of a variant's section. */
export function anchor({ variant, title }: RunResult): string {
  return (variant || title).toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

/** Requests by who answered them, without failures. */
export function answeredLayers(points: readonly Point[], colours: VersionColours): Layer[] {
  const perSecond = rates(points);
  return [
    ...[...colours].map(([version, colour]) => ({
      name: `answered by ${version}`,
      colour,
      values: perSecond((point) => point.answered[version] ?? 0),
    })),
    {
      name: 'answered by the load balancer',
      colour: BALANCER,
      values: perSecond((point) => point.answeredByBalancer),
    },
  ];
}

function rates(points: readonly Point[]): (count: (point: Point) => number) => number[] {
  return (count) => points.map((point) => (count(point) * 1000) / Math.max(1, point.to - point.at));
}

/** In AWS's own words where AWS has any. */
function why({ ended, deployments, startedAt, endedAt, claim }: RunResult): string {
  const sentences = deployments.map((deployment) => {
    const { deploymentId, creator, status, createdAt, completedAt, errorCode, errorMessage, targets } =
      deployment;
    const took = completedAt === undefined ? '' : ` after ${timeText(completedAt - createdAt)}`;
    const failed = targets.filter((target) => target.status === 'Failed').length;
    const reasons = [
      errorCode === undefined ? '' : `${errorCode}: ${errorMessage ?? ''}`,
      failed > 0 ? `${failed} of ${targets.length} instances failed.` : '',
      deployment.rollbackMessage ?? '',
    ].filter(Boolean);
    return `<p>Deployment <code>${escapeXml(deploymentId)}</code> (created by ${escapeXml(creator)}) ended as <b>${escapeXml(status)}</b>${took}. ${escapeXml(reasons.join(' '))}</p>`;
  });
  const claimed = claim
    ? `<p>Claim <code>${escapeXml(claim.id)}</code>: ${escapeXml(claim.verdict)}</p>`
    : '';
  return `<div class="why"><p>Ended as <b>${escapeXml(ended)}</b> after ${timeText(endedAt - startedAt)}.</p>${sentences.join('')}${claimed}</div>`;
}

function expectations({ expectations: all }: RunResult): string {
  if (all.length === 0) return '';
  const rows = all.map(({ expectation, passed, found }) =>
    passed
      ? `<li class="passed">✓ ${escapeXml(expectation)}</li>`
      : `<li class="failed">✗ ${escapeXml(expectation)} <b>(found: ${escapeXml(found)})</b></li>`,
  );
  return `<ul class="expectations">${rows.join('')}</ul>`;
}

function events(happened: readonly Happening[], span: TimeSpan): string {
  if (happened.length === 0) return '';
  const rows = happened.map(({ at, kind, text }, i) => {
    const badge = `<i class="badge" style="background:${MARK_COLOURS[kind]}">${i + 1}</i>`;
    return `<tr><td>${badge}</td><td class="when">${offset(at - span.zero)}</td><td>${escapeXml(text)}</td></tr>`;
  });
  return `<table class="events"><caption>What happened (time since it began)</caption>${rows.join('')}</table>`;
}

/** 563000 is `+9:23`. */
function offset(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  return `${ms < 0 ? '\u2212' : '+'}${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Who answered, and how, how fast, and how many targets were able to. */
function traffic({ measurement }: RunResult, colours: VersionColours, frame: Frame): string {
  if (!measurement) return '';
  const points = pointsOf(measurement);
  const perSecond = rates(points);
  const failed = { name: 'failed', colour: FAILED, values: perSecond((point) => point.failed) };
  const layers = [...answeredLayers(points, colours), failed].filter(({ values }) => values.some(Boolean));
  const reasons = Object.keys(measurement.byReason).map((reason) => ({
    name: `${reason}: ${measurement.byReason[reason as keyof typeof measurement.byReason] ?? 0}`,
    colour: REASON_COLOURS[reason] ?? FAILED,
    values: perSecond((point) => point.byReason[reason] ?? 0),
  }));
  const latency = [
    { name: 'p99', colour: '#8f4fa8', values: points.map((point) => point.p99) },
    { name: 'p50', colour: '#57708a', values: points.map((point) => point.p50) },
  ];
  const serving = { name: 'able to serve', colour: INK, values: points.map((point) => point.serving) };
  return [
    stackedAreas('Requests a second, by who answered', points, layers, { ...frame, numbered: true }),
    legend(layers),
    ...(reasons.length === 0
      ? []
      : [stackedAreas('Failed requests a second, by reason', points, reasons, frame, 96), legend(reasons)]),
    stepLines('Targets able to serve', points, [serving], frame),
    stepLines('Latency of the application (ms)', points, latency, frame),
    legend(latency),
  ].join('\n');
}

function instanceTimeline(deployment: DeploymentReport, frame: Frame): string {
  const { deploymentId, targets, completedAt = frame.span.to } = deployment;
  if (targets.length === 0) return '';
  const rows = targets.map(({ instanceId, label, events: all }) => ({
    name: label === undefined ? instanceId : `${instanceId} ${label}`,
    bars: all.flatMap((event) => bar(event, completedAt)),
  }));
  return timeline(`Lifecycle events of ${deploymentId}, by instance`, rows, frame);
}

/** An event that never ended lasted as long as its deployment did. */
function bar(event: EventReport, deploymentEnd: number): Bar[] {
  const { name, status, startedAt, endedAt = deploymentEnd, error } = event;
  if (startedAt === undefined || status === 'Skipped') return [];
  const to = Math.max(startedAt, endedAt);
  const label = `${name}: ${status}, ${timeText(to - startedAt)}${error === undefined ? '' : `\n${error}`}`;
  return [{ at: startedAt, to, colour: status === 'Failed' ? FAILED : eventColour(name), label }];
}

/** Every event with its time, for those who want to know exactly. */
function eventTable({ deploymentId, targets }: DeploymentReport): string {
  const names = [...new Set(targets.flatMap((target) => target.events.map((event) => event.name)))];
  if (names.length === 0) return '';
  const head = ['instance', 'status', ...names].map((name) => `<th>${escapeXml(name)}</th>`).join('');
  const rows = targets.map(({ instanceId, label, status, events: all }) => {
    const cells = names.map((name) => eventCell(all.find((event) => event.name === name)));
    const target = escapeXml(label === undefined ? instanceId : `${instanceId} ${label}`);
    return `<tr><td>${target}</td><td>${escapeXml(status)}</td>${cells.join('')}</tr>`;
  });
  return `<details><summary>How long each lifecycle event of ${escapeXml(deploymentId)} took</summary><div class="wide"><table class="steps"><tr>${head}</tr>${rows.join('')}</table></div></details>`;
}

/** Every event of every stack. */
function stackTable({ stackEvents = [] }: RunResult, span: TimeSpan): string {
  if (stackEvents.length === 0) return '';
  const rows = stackEvents.map(({ at, stack, logicalId, type, status, reason = '' }) => {
    const cells = [stack, logicalId, type, status, reason].map((text) => `<td>${escapeXml(text)}</td>`);
    return `<tr><td class="when">${offset(at - span.zero)}</td>${cells.join('')}</tr>`;
  });
  return `<details><summary>All ${stackEvents.length} events of the stacks</summary><div class="wide"><table class="events">${rows.join('')}</table></div></details>`;
}

/** What a script printed. */
function output({ output: text = '' }: RunResult): string {
  if (text === '') return '';
  return `<details><summary>What the script printed</summary><pre>${escapeXml(text)}</pre></details>`;
}

function eventCell(event: EventReport | undefined): string {
  if (!event) return '<td></td>';
  const { status, startedAt, endedAt, error } = event;
  const took = startedAt === undefined || endedAt === undefined ? '' : ` ${(endedAt - startedAt) / 1000} s`;
  if (status === 'Succeeded') return `<td>${took}</td>`;
  return `<td class="${status === 'Failed' ? 'failed' : ''}" title="${escapeXml(error ?? '')}">${escapeXml(status)}${took}</td>`;
}

function spanOf({ measurement, startedAt, endedAt }: RunResult): TimeSpan {
  return {
    from: Math.min(startedAt, measurement?.from ?? startedAt),
    to: Math.max(endedAt, measurement?.to ?? endedAt),
    zero: startedAt,
  };
}
