// The HTML report: one file that needs nothing else. A table of all variants, then for each variant why it ended as it did,
// who answered requests when, and what happened on each instance; last, what the figures rest on.

import { figures, timeText } from '../figures.ts';
import type { Figure } from '../figures.ts';
import { passed } from '../result.ts';
import type { RunResult, TimingReport } from '../result.ts';
import type { Flip } from '../sensitivity.ts';
import { FAILED, versionColours } from './colours.ts';
import { escapeXml } from './junit.ts';
import { pointsOf } from './points.ts';
import { legend, sparkline } from './svg.ts';
import { FLIP_MARK } from './table.ts';
import { anchor, answeredLayers, section } from './variant.ts';
import type { VersionColours } from './variant.ts';

const STYLE = `
:root{color-scheme:light}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;color:#1d2733;background:#fff;max-width:1180px;margin:1.6rem auto;padding:0 1.2rem}
h1{font-size:1.7rem;margin:0 0 .3rem}h2{margin:0 0 .6rem;font-size:1.3rem}section{margin-top:2.2rem;border-top:1px solid #d5dbe1;padding-top:1.2rem}
.lead{color:#47535f;margin:.2rem 0 .8rem}
table{border-collapse:collapse;font-size:.88rem}th,td{padding:.28rem .55rem;border-bottom:1px solid #e3e7eb;text-align:right;vertical-align:middle}
th{font-weight:600;color:#47535f;font-size:.8rem;vertical-align:bottom}caption{text-align:left;font-weight:600;padding:.7rem 0 .2rem}
table.summary{width:100%}.summary td{white-space:nowrap}.summary th,.summary td{padding-inline:.4rem}th:nth-child(-n+3),td:nth-child(-n+3),.events td,.timings td,.timings th{text-align:left}
table.summary .group{text-align:left;font-size:.95rem;color:#1d2733;padding-top:.9rem}
.best{font-weight:700;color:#1f6b3f}.worst{color:#a8283f}.flip{color:#5b6875;cursor:help}
.events td{border:0;padding:.12rem .5rem;vertical-align:top}.events .when{font-variant-numeric:tabular-nums;text-align:right;color:#47535f}
.steps td{white-space:nowrap}
.badge{display:inline-block;min-width:1.35em;border-radius:1em;color:#fff;font-style:normal;font-size:.75rem;font-weight:600;text-align:center}
figure{margin:1rem 0 .2rem}figcaption{font-size:.85rem;color:#47535f;font-weight:600}figure svg{width:100%;height:auto;overflow:visible}.spark{display:block}
.grid{stroke:#e6eaee}.zero{stroke:#1d4e89}.mark{stroke-width:1;stroke-dasharray:2 3;opacity:.7}
.tick,.scale,.label{font-size:11px;fill:#47535f}.tick{text-anchor:middle}.scale{text-anchor:end}.label{font-family:ui-monospace,monospace}
.number{font-size:9.5px;font-weight:700;fill:#fff;text-anchor:middle}
.legend{margin:.1rem 0 .6rem}.legend span{margin-right:1rem;font-size:.82rem}.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.35em}
.why{background:#f4f6f8;border-left:3px solid #2f6f9f;padding:.4rem .9rem}.why p{margin:.25rem 0}
.expectations{list-style:none;padding:0;margin:.6rem 0}.failed{color:#b3243a}.passed{color:#1f6b3f}
code{font-size:.85em;word-break:break-all}details{margin:.6rem 0}summary{cursor:pointer}.wide{overflow-x:auto}a{color:#1d4e89}
@media print{details{display:block}section{break-inside:avoid-page}}`;

export function htmlReport(results: readonly RunResult[], flips: readonly Flip[]): string {
  const title = results[0]?.title ?? 'Rehearsal';
  const colours = versionColours(results);
  const body = [
    `<h1>${escapeXml(title)}</h1>`,
    lead(results),
    summary(results, flips, colours),
    sensitivity(flips),
    ...results.map((result) => section(result, colours)),
    assumptions(results),
    proof(results),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeXml(title)}</title><style>${STYLE}</style></head><body>
${body.join('\n')}
</body></html>
`;
}

function lead(results: readonly RunResult[]): string {
  const failing = results.filter((result) => !passed(result)).length;
  const virtualMs = results.reduce((sum, result) => sum + result.virtualMs, 0);
  const checks = results.flatMap((result) => result.expectations).length;
  const verdict =
    failing > 0
      ? `<b class="failed">${failing} of ${results.length} did not meet their expectations.</b>`
      : checks > 0
        ? '<b class="passed">All expectations hold.</b>'
        : 'Nothing was expected.';
  const sampled = results.some((result) => result.sampled)
    ? ' Requests are real: a sample of the load, as many as one computer can take.'
    : '';
  const ways = results.length === 1 ? 'One run' : `${results.length} variants from the same start`;
  return `<p class="lead">${ways}, ${timeText(virtualMs)} of AWS time in all, rehearsed with Sandtable. ${verdict}${sampled}</p>`;
}

function summary(results: readonly RunResult[], flips: readonly Flip[], colours: VersionColours): string {
  const groups = [...new Set(results.map((result) => result.group ?? ''))];
  const traffic = results.some(({ measurement }) => measurement);
  const head = [
    'variant',
    ...(traffic ? ['requests over time'] : []),
    'ended',
    ...figures.map(({ name }) => name),
  ]
    .map((name) => `<th>${escapeXml(name)}</th>`)
    .join('');
  const width = figures.length + (traffic ? 3 : 2);
  const bodies = groups.map((group) => {
    const members = results.filter((result) => (result.group ?? '') === group);
    const rows = members.map((result) => {
      const name = escapeXml(result.variant || result.title);
      const mark = passed(result) ? '' : ' <b class="failed">✗</b>';
      const spark = traffic ? `<td>${overTime(result, colours)}</td>` : '';
      const cells = figures.map((figure) => figureCell(figure, result, members, flips));
      return `<tr><td><a href="#${anchor(result)}">${name}</a></td>${spark}<td>${escapeXml(result.ended)}${mark}</td>${cells.join('')}</tr>`;
    });
    const caption =
      group === '' ? '' : `<tr><th class="group" colspan="${width}">${escapeXml(group)}</th></tr>`;
    return `<tbody>${caption}${rows.join('')}</tbody>`;
  });
  const table = `<div class="wide"><table class="summary"><thead><tr>${head}</tr></thead>${bodies.join('')}</table></div>`;
  if (!traffic) return table;
  const keys = [...colours].map(([version, colour]) => ({ name: `answered by ${version}`, colour }));
  return `${table}${legend([...keys, { name: 'requests fail', colour: FAILED }])}`;
}

function overTime({ measurement }: RunResult, colours: VersionColours): string {
  if (!measurement) return '';
  const points = pointsOf(measurement, 90);
  return sparkline(points, answeredLayers(points, colours), FAILED);
}

/** Marked where it is the best or the worst of its group, and where its rank rests on an assumption. */
function figureCell(
  { name, value, text, better }: Figure,
  result: RunResult,
  members: readonly RunResult[],
  flips: readonly Flip[],
): string {
  const own = value(result);
  const all = members.flatMap((member) => value(member) ?? []);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const rank =
    own === undefined || low === high
      ? ''
      : own === (better === 'less' ? low : high)
        ? 'best'
        : own === (better === 'less' ? high : low)
          ? 'worst'
          : '';
  const notes = flips
    .filter((flip) => flip.figure === name && [flip.better, flip.worse].includes(result.variant))
    .map(flipText);
  const mark =
    notes.length === 0
      ? ''
      : ` <span class="flip" title="${escapeXml(notes.join('\n'))}">${FLIP_MARK}</span>`;
  return `<td${rank === '' ? '' : ` class="${rank}"`}>${escapeXml(text(result))}${mark}</td>`;
}

function flipText({ figure, better, worse, timing, factor }: Flip): string {
  return `${figure}: ${better} is better than ${worse}, but not with ${timing} ${factor < 1 ? 'halved' : 'doubled'}`;
}

function sensitivity(flips: readonly Flip[]): string {
  if (flips.length === 0) return '';
  const rows = flips.map((flip) => `<li>${escapeXml(flipText(flip))}</li>`);
  return `<details><summary>${FLIP_MARK} Rankings that change when an assumed timing is halved or doubled: ${flips.length}</summary><ul>${rows.join('')}</ul></details>`;
}

/** What the figures rest on, weakest evidence first. */
function assumptions(results: readonly RunResult[]): string {
  const all = new Map<string, TimingReport>();
  for (const { timings } of results) for (const timing of timings) all.set(timing.name, timing);
  const order = ['assumed', 'observed', 'documented'];
  const rows = [...all.values()]
    .toSorted((a, b) => order.indexOf(a.evidence) - order.indexOf(b.evidence) || (a.name < b.name ? -1 : 1))
    .map(({ name, evidence, typical, source }) => {
      const value = typeof typical === 'number' ? precise(typical) : typical.map(precise).join(' to ');
      return `<tr><td>${escapeXml(name)}</td><td>${evidence}</td><td>${value}</td><td>${linked(source)}</td></tr>`;
    });
  if (rows.length === 0) return '';
  return `<section><h2>What this rests on</h2><p>Durations that AWS does not document are assumed; each one is named here.</p><table class="timings"><tr><th>timing</th><th>evidence</th><th>value</th><th>source</th></tr>${rows.join('')}</table></section>`;
}

/** Timings are often shorter than the second that `timeText` rounds to. */
function precise(ms: number): string {
  return ms > 0 && ms < 10_000 ? `${ms / 1000} s` : timeText(ms);
}

/** Addresses in a text become links: readers follow them, the report loads nothing. */
function linked(source: string): string {
  return escapeXml(source).replaceAll(
    /https:\/\/[^\s()]*[^\s().,:;]/g,
    (url) => `<a href="${url}">${url}</a>`,
  );
}

function proof(results: readonly RunResult[]): string {
  const rows = results.map(
    ({ variant, title, seed, hash }) =>
      `<tr><td>${escapeXml(variant || title)}</td><td>${escapeXml(seed)}</td><td><code>${escapeXml(hash)}</code></td></tr>`,
  );
  return `<details><summary>Journal hashes: equal hashes are equal runs</summary><table class="timings"><tr><th>variant</th><th>seed</th><th>hash</th></tr>${rows.join('')}</table></details>`;
}
