// The HTML report: one file that needs nothing else. For each variant it shows what came of it, why it ended as it did, who
// answered requests when, and what happened on each instance.

import { figures, timeText } from '../figures.ts';
import type { DeploymentReport, EventReport, RunResult, TimingReport } from '../result.ts';
import type { Flip } from '../sensitivity.ts';
import { escapeXml } from './junit.ts';
import { legend, stackedAreas, stepLine, timeline } from './svg.ts';
import type { Bar, Layer, TimeSpan } from './svg.ts';

/** Versions in the order in which they first answer; failures are always red. */
const VERSION_COLOURS = ['#4f7cac', '#5aa469', '#b58d3d', '#7d6b9e', '#888888'];
const FAILED = '#d1495b';
const STATUS_COLOURS: Readonly<Record<string, string>> = {
  Succeeded: '#5aa469',
  Failed: '#d1495b',
  Skipped: '#cccccc',
  InProgress: '#e0b13c',
  Pending: '#eeeeee',
  Unknown: '#999999',
};

const STYLE = `
body{font:15px/1.5 system-ui,sans-serif;color:#1d2733;max-width:1000px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{margin-top:2.5rem;border-top:1px solid #d5dbe1;padding-top:1.2rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{padding:.3rem .5rem;border-bottom:1px solid #e3e7eb;text-align:right}
th:nth-child(-n+2),td:nth-child(-n+2){text-align:left}caption{text-align:left;font-weight:600;padding:.6rem 0}
figure{margin:.8rem 0}figcaption{font-size:.85rem;color:#5b6875}svg{width:100%;height:auto}
.grid{stroke:#e9edf0}.tick,.scale,.label{font-size:11px;fill:#5b6875}.tick{text-anchor:middle}.scale{text-anchor:end}
.legend span{margin-right:1rem;font-size:.85rem}.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.35em}
.why{background:#f5f7f9;border-left:3px solid #4f7cac;padding:.5rem .8rem}.failed{color:#b3243a}.passed{color:#2f7d46}
code{font-size:.85em;word-break:break-all}details{margin:.6rem 0}`;

export function htmlReport(results: readonly RunResult[], flips: readonly Flip[]): string {
  const title = results[0]?.title ?? 'Rehearsal';
  const body = [
    `<h1>${escapeXml(title)}</h1>`,
    summary(results),
    sensitivity(flips),
    ...results.map(section),
    assumptions(results),
    proof(results),
  ];
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeXml(title)}</title><style>${STYLE}</style>
${body.join('\n')}
</html>
`;
}

function summary(results: readonly RunResult[]): string {
  const groups = [...new Set(results.map((result) => result.group ?? ''))];
  const head = ['strategy', 'ended', ...figures.map((figure) => figure.name)]
    .map((name) => `<th>${escapeXml(name)}</th>`)
    .join('');
  return groups
    .map((group) => {
      const rows = results
        .filter((result) => (result.group ?? '') === group)
        .map((result) => {
          const cells = [result.ended, ...figures.map((figure) => figure.text(result))].map(
            (cell) => `<td>${escapeXml(cell)}</td>`,
          );
          const name = result.variant || result.title;
          return `<tr><td><a href="#${anchor(result)}">${escapeXml(name)}</a></td>${cells.join('')}</tr>`;
        });
      return `<table><caption>${escapeXml(group)}</caption><tr>${head}</tr>${rows.join('')}</table>`;
    })
    .join('');
}

function sensitivity(flips: readonly Flip[]): string {
  if (flips.length === 0) return '';
  const rows = flips.map(({ figure, better, worse, timing, factor }) => {
    const change = `${timing} ${factor < 1 ? 'halved' : 'doubled'}`;
    return `<li>${escapeXml(`${figure}: ${better} is better than ${worse}, but not with ${change}`)}</li>`;
  });
  return `<details><summary>Rankings that change with an assumed timing: ${flips.length}</summary><ul>${rows.join('')}</ul></details>`;
}

function section(result: RunResult): string {
  const { measurement, deployments, expectations } = result;
  const parts = [`<h2 id="${anchor(result)}">${escapeXml(result.variant || result.title)}</h2>`, why(result)];
  const span = spanOf(result);
  if (measurement) parts.push(traffic(result, span));
  for (const deployment of deployments) parts.push(instanceTimeline(deployment, span));
  if (expectations.length > 0) {
    const rows = expectations.map(({ expectation, passed, found }) => {
      const verdict = passed
        ? '<b class="passed">holds</b>'
        : `<b class="failed">does not hold</b>: ${escapeXml(found)}`;
      return `<li>${escapeXml(expectation)}: ${verdict}</li>`;
    });
    parts.push(`<ul>${rows.join('')}</ul>`);
  }
  return parts.join('\n');
}

/** In AWS's own words where AWS has any. */
function why({ ended, deployments, startedAt, endedAt, claim }: RunResult): string {
  const sentences = deployments.map((deployment) => {
    const {
      deploymentId,
      creator,
      status,
      createdAt,
      completedAt,
      errorCode,
      errorMessage,
      rollbackMessage,
      targets,
    } = deployment;
    const took = completedAt === undefined ? '' : ` after ${timeText(completedAt - createdAt)}`;
    const failed = targets.filter((target) => target.status === 'Failed').length;
    const reasons = [
      errorCode === undefined ? '' : `${errorCode}: ${errorMessage ?? ''}`,
      failed > 0 ? `${failed} of ${targets.length} instances failed.` : '',
      rollbackMessage ?? '',
    ].filter(Boolean);
    return `<p>Deployment <code>${escapeXml(deploymentId)}</code> (created by ${escapeXml(creator)}) ended as <b>${escapeXml(status)}</b>${took}. ${escapeXml(reasons.join(' '))}</p>`;
  });
  const claimed = claim
    ? `<p>Claim <code>${escapeXml(claim.id)}</code>: ${escapeXml(claim.verdict)}</p>`
    : '';
  return `<div class="why"><p>Ended as <b>${escapeXml(ended)}</b> after ${timeText(endedAt - startedAt)}.</p>${sentences.join('')}${claimed}</div>`;
}

/** Who answered, and how, and how many targets were able to. */
function traffic({ measurement }: RunResult, span: TimeSpan): string {
  const series = measurement?.series ?? [];
  const instants = series.map((point) => point.at);
  const versions = [...new Set(series.flatMap((point) => Object.keys(point.byVersion)))];
  const rate = (count: number, i: number): number => (count * 1000) / widthOf(instants, i, span);
  const layers: Layer[] = [
    ...versions.map((version, at) => ({
      name: version === '' ? 'answered by the load balancer' : `answered by version ${version}`,
      colour: VERSION_COLOURS[at % VERSION_COLOURS.length] as string,
      values: series.map((point, i) => rate(point.byVersion[version] ?? 0, i)),
    })),
    { name: 'failed', colour: FAILED, values: series.map((point, i) => rate(point.failed, i)) },
  ];
  const reasons = Object.entries(measurement?.byReason ?? {}).map(
    ([reason, count]) => `${escapeXml(reason)}: ${count}`,
  );
  return [
    stackedAreas('Requests a second', instants, layers, span),
    legend(layers),
    reasons.length > 0 ? `<p>Failed requests by reason: ${reasons.join(', ')}.</p>` : '',
    stepLine(
      'Targets able to serve',
      instants,
      series.map((point) => point.serving),
      '#1d2733',
      span,
    ),
  ].join('\n');
}

function widthOf(instants: readonly number[], i: number, span: TimeSpan): number {
  const at = instants[i] ?? span.from;
  return Math.max(1, (instants[i + 1] ?? Math.max(span.to, at + 1)) - at);
}

function instanceTimeline({ deploymentId, targets }: DeploymentReport, span: TimeSpan): string {
  const rows = targets.map(({ instanceId, label, events }) => ({
    name: label === undefined ? instanceId : `${instanceId} ${label}`,
    bars: events.flatMap((event) => bar(event)),
  }));
  return timeline(`Lifecycle events of ${deploymentId}, by instance`, rows, span);
}

function bar(event: EventReport): Bar[] {
  const { name, status, startedAt, endedAt, error } = event;
  if (startedAt === undefined) return [];
  const to = endedAt ?? startedAt;
  const label = `${name}: ${status}, ${timeText(to - startedAt)}${error === undefined ? '' : `\n${error}`}`;
  return [{ from: startedAt, to, colour: STATUS_COLOURS[status] ?? '#999999', label }];
}

function spanOf({ measurement, startedAt, endedAt }: RunResult): TimeSpan {
  const series = measurement?.series ?? [];
  return {
    from: Math.min(startedAt, series[0]?.at ?? startedAt),
    to: Math.max(endedAt, series.at(-1)?.at ?? endedAt),
  };
}

/** What the figures rest on, weakest evidence first. */
function assumptions(results: readonly RunResult[]): string {
  const all = new Map<string, TimingReport>();
  for (const { timings } of results) for (const timing of timings) all.set(timing.name, timing);
  const order = ['assumed', 'observed', 'documented'];
  const rows = [...all.values()]
    .toSorted((a, b) => order.indexOf(a.evidence) - order.indexOf(b.evidence) || (a.name < b.name ? -1 : 1))
    .map(({ name, evidence, typical, source }) => {
      const value =
        typeof typical === 'number' ? timeText(typical) : `${typical[0] / 1000} to ${typical[1] / 1000} s`;
      return `<tr><td>${escapeXml(name)}</td><td>${evidence}</td><td>${value}</td><td>${escapeXml(source)}</td></tr>`;
    });
  return `<h2>What this rests on</h2><table><tr><th>timing</th><th>evidence</th><th>value</th><th>source</th></tr>${rows.join('')}</table>`;
}

function proof(results: readonly RunResult[]): string {
  const rows = results.map(
    ({ variant, title, seed, hash }) =>
      `<tr><td>${escapeXml(variant || title)}</td><td>${escapeXml(seed)}</td><td><code>${hash}</code></td></tr>`,
  );
  return `<details><summary>Journal hashes</summary><table><tr><th>variant</th><th>seed</th><th>hash</th></tr>${rows.join('')}</table></details>`;
}

function anchor({ variant, title }: RunResult): string {
  return (variant || title).toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
