// Colours of the report. They differ in lightness as well as in hue, so that they can be told apart without seeing red and green.

import type { RunResult } from '../result.ts';

/** Failures, wherever they are. */
export const FAILED = '#c2334d';
export const BALANCER = '#a9b4bf';
export const INK = '#1d2733';

const VERSIONS = ['#9db8d6', '#2f6f9f', '#7d6b9e', '#3f8f6b', '#57708a'] as const;
/** The version that ought not to serve. */
const BAD_VERSION = '#e0a030';

export const REASON_COLOURS: Readonly<Record<string, string>> = {
  application: '#e0732f',
  'no target': '#8f1d3a',
  'cut off': '#c2334d',
  refused: '#d96a86',
  timeout: '#6b3fa0',
  unreachable: '#4a4a4a',
  'fixed response': '#8a8a8a',
};

/** One colour for each version, the same in all variants, in the order in which versions first answer. */
export function versionColours(results: readonly RunResult[]): Map<string, string> {
  const bad = new Set(results.map(({ badVersion }) => badVersion));
  const names = new Set<string>();
  for (const { measurement } of results)
    for (const { byVersion } of measurement?.series ?? []) for (const name in byVersion) names.add(name);
  const good = [...names].filter((name) => !bad.has(name));
  const colour = (name: string): string =>
    bad.has(name) ? BAD_VERSION : (VERSIONS[good.indexOf(name) % VERSIONS.length] ?? VERSIONS[0]);
  return new Map([...names].map((name) => [name, colour(name)]));
}

/** Lifecycle events by what they do; their order is the legend's. */
export const EVENT_KINDS: readonly { name: string; colour: string; events: readonly string[] }[] = [
  {
    name: 'taken out of the load balancer',
    colour: '#b9c6d3',
    events: ['BeforeBlockTraffic', 'BlockTraffic', 'AfterBlockTraffic'],
  },
  { name: 'application stops', colour: '#e0a030', events: ['ApplicationStop'] },
  {
    name: 'installation',
    colour: '#7d6b9e',
    events: ['DownloadBundle', 'BeforeInstall', 'Install', 'AfterInstall'],
  },
  {
    name: 'application starts, validation',
    colour: '#2f6f9f',
    events: ['ApplicationStart', 'ValidateService'],
  },
  {
    name: 'put back into the load balancer',
    colour: '#5fae86',
    events: ['BeforeAllowTraffic', 'AllowTraffic', 'AfterAllowTraffic'],
  },
];

const OTHER_EVENT = '#57708a';

export function eventColour(event: string): string {
  return EVENT_KINDS.find(({ events }) => events.includes(event))?.colour ?? OTHER_EVENT;
}
