// `curl`, `wget` and `nc` to the machine's own ports.
// https://curl.se/docs/manpage.html
// https://www.gnu.org/software/wget/manual/wget.html

import { UNKNOWN } from '../shell/expansion.ts';
import { baseName, unescaped } from '../shell/command-words.ts';
import type { Doing } from '../shell/meaning.ts';
import { REFUSED, SILENT } from './actions.ts';
import type { Action, OwnRequest, Result } from './actions.ts';
import { polled } from './polling.ts';

/** A command that asks one of the machine's own ports. */
export interface OwnCommand {
  readonly request: OwnRequest;
  readonly tries: number;
  /** The pause after so many tries. */
  pauseMs(tried: number): number;
  /** Whether another try is worth while. */
  again(status: number): boolean;
  exit(status: number): number;
  /** What it prints, if that is known. */
  text(status: number): string | undefined;
}

const URL = /^(?:(https?):\/\/)?(?:[^@/]*@)?(\[[\d:]+\]|[\w.-]+)(?::(\d{1,5}))?(\/[^\s]*)?$/;
const LOOPBACK = /^(?:localhost|ip6-localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1\])$/;
/** wget's, and for how long it waits for an answer: its defaults. */
const WGET_TRIES = 20;
const WGET_TIMEOUT_SECONDS = 900;
/** However often curl is told to try. */
const MOST_TRIES = 1000;
/** Errors that curl takes for transient. */
const TRANSIENT = new Set([SILENT, 408, 429, 500, 502, 503, 504]);

const CURL_VALUED = 'AbcCdDeEFhHKmoPQrtTuUwxXyYz';
const WGET_VALUED = 'aABDeiIlNoOPQRtTUwX';

/** Nothing where a command asks nobody or somebody else. `addresses`: the machine's own, besides localhost. */
export function ownCommand(words: readonly string[], addresses: readonly string[]): OwnCommand | undefined {
  const name = baseName(words[0] ?? '');
  const rest = words.slice(1);
  // The endpoint of a cloud on this computer is not the machine's.
  if (rest.some((word) => word.includes('cloudformation-waitcondition-'))) return undefined;
  if (name === 'nc' || name === 'ncat' || name === 'netcat') return connecting(rest, addresses);
  if (name !== 'curl' && name !== 'wget') return undefined;
  const options = optionsIn(rest, name === 'curl' ? CURL_VALUED : WGET_VALUED);
  const asked = options.plain.flatMap((word) => ownUrl(word, addresses) ?? []);
  const [request] = asked;
  if (!request || asked.length !== options.plain.length) return undefined;
  return name === 'curl' ? curl(request, options) : wget(request, options);
}

function ownUrl(word: string, addresses: readonly string[]): OwnRequest | undefined {
  const [, scheme, host = '', port, path = '/'] = URL.exec(word) ?? [];
  if (!LOOPBACK.test(host) && !addresses.includes(host)) return undefined;
  const known = Number(port ?? (scheme === 'https' ? 443 : 80));
  return { port: known, protocol: 'HTTP', path: path.split('#')[0] ?? '/' };
}

interface Options {
  readonly plain: readonly string[];
  has(...names: string[]): boolean;
  value(...names: string[]): string | undefined;
}

/** Options of which a value follows, beside those of one letter. */
const LONG_VALUED =
  /^--(?:output|write-out|header|request|data\S*|user\S*|max-time|connect-timeout|retry|retry-delay|retry-max-time|timeout|tries|waitretry|form|cacert|cert|key|referer|cookie\S*|proxy|resolve|connect-to|interface|output-document|json)$/;

function optionsIn(words: readonly string[], valued: string): Options {
  const found = new Map<string, string>();
  const plain: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const [, long, value] = /^(--[\w-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (long === '--url') continue;
    if (long !== undefined) {
      const follows = value === undefined && LONG_VALUED.test(long);
      if (follows) at += 1;
      found.set(long, value ?? (follows ? (words[at] ?? '') : ''));
    } else if (/^-[A-Za-z0-9]/.test(word)) {
      const letters = word.slice(1).split('');
      const last = letters.findIndex((letter) => valued.includes(letter));
      const flags = last < 0 ? letters : letters.slice(0, last);
      for (const letter of flags) found.set(`-${letter}`, '');
      if (last < 0) continue;
      const joined = letters.slice(last + 1).join('');
      if (joined === '') at += 1;
      found.set(`-${letters[last]}`, joined === '' ? (words[at] ?? '') : joined);
    } else if (word !== '') plain.push(word);
  }
  return {
    plain,
    has: (...names) => names.some((name) => found.has(name)),
    value: (...names) => names.map((name) => found.get(name)).find((one) => one !== undefined),
  };
}

function milliseconds(text: string | undefined): number | undefined {
  const seconds = Number(text ?? Number.NaN);
  return Number.isNaN(seconds) || seconds <= 0 ? undefined : Math.round(seconds * 1000);
}

function count(text: string | undefined, otherwise: number): number {
  const number = Number(text ?? otherwise);
  return Number.isInteger(number) ? Math.min(Math.max(number, 0), MOST_TRIES) : otherwise;
}

function curl(request: OwnRequest, options: Options): OwnCommand {
  const limitMs = milliseconds(options.value('-m', '--max-time'));
  const fails = options.has('-f', '--fail', '--fail-with-body');
  const all = options.has('--retry-all-errors');
  const connects = all || options.has('--retry-connrefused');
  const delayMs = milliseconds(options.value('--retry-delay'));
  const pauseMs = (tried: number): number => delayMs ?? doubled(tried);
  const wanted = count(options.value('--retry'), 0);
  const retries = within(milliseconds(options.value('--retry-max-time')), wanted, pauseMs);
  const format = options.value('-w', '--write-out');
  const quiet = options.has('-o', '--output', '-O', '--remote-name');
  const heads = options.has('-I', '--head', '-i', '--include');
  return {
    request: { ...request, ...(limitMs === undefined ? {} : { limitMs }) },
    tries: retries + 1,
    pauseMs,
    again: (status) =>
      status === REFUSED ? connects : TRANSIENT.has(status) || (all && fails && status >= 400),
    exit(status) {
      if (status === REFUSED) return 7;
      if (status === SILENT) return limitMs === undefined ? 52 : 28;
      return fails && status >= 400 ? 22 : 0;
    },
    text(status) {
      const answered = status > 0 && !(fails && status >= 400);
      const head = heads && answered ? `HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\n` : '';
      const body = answered && !quiet ? `${head}${UNKNOWN}` : '';
      if (format === undefined) return body === UNKNOWN ? undefined : body;
      const code = String(Math.max(status, 0)).padStart(3, '0');
      const told = unescaped(format).replaceAll(/%\{(?:http_code|response_code)\}/g, code);
      return body + told.replaceAll(/%\{\w+\}/g, UNKNOWN);
    },
  };
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  404: 'Not Found',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** curl's own pauses: a second, then twice as long each time, 10 minutes at most. */
function doubled(tried: number): number {
  return tried > 10 ? 600_000 : Math.min(1000 * (1 << (tried - 1)), 600_000);
}

/** How many retries there are within a time. */
function within(ms: number | undefined, wanted: number, pauseMs: (tried: number) => number): number {
  if (ms === undefined) return wanted;
  let left = ms;
  let retries = 0;
  while (retries < wanted && left >= pauseMs(retries + 1)) left -= pauseMs((retries += 1));
  return retries;
}

function wget(request: OwnRequest, options: Options): OwnCommand {
  const limitMs = milliseconds(options.value('-T', '--timeout') ?? String(WGET_TIMEOUT_SECONDS));
  const tries = count(options.value('-t', '--tries'), WGET_TRIES);
  const connects = options.has('--retry-connrefused');
  const most = milliseconds(options.value('--waitretry')) ?? 10_000;
  return {
    request: { ...request, ...(limitMs === undefined ? {} : { limitMs }) },
    // 0 means that it never gives up.
    tries: tries === 0 ? MOST_TRIES : tries,
    pauseMs: (tried) => Math.min(tried * 1000, most),
    again: (status) => status === SILENT || (status === REFUSED && connects),
    exit: (status) => (status <= 0 ? 4 : status >= 400 ? 8 : 0),
    text: (status) => (status > 0 && status < 400 ? undefined : ''),
  };
}

/** `nc -z HOST PORT` only tries to connect. */
function connecting(words: readonly string[], addresses: readonly string[]): OwnCommand | undefined {
  const { plain, has, value } = optionsIn(words, 'wipqsx');
  const [host = '', port = ''] = plain;
  if (!has('-z') || plain.length !== 2 || !/^\d{1,5}$/.test(port)) return undefined;
  if (!LOOPBACK.test(host) && !addresses.includes(host)) return undefined;
  const limitMs = milliseconds(value('-w'));
  const request = { port: Number(port), protocol: 'TCP', path: '/' } as const;
  return {
    request: { ...request, ...(limitMs === undefined ? {} : { limitMs }) },
    tries: 1,
    pauseMs: () => 0,
    again: () => false,
    exit: (status) => Number(status <= 0),
    text: () => '',
  };
}

/** Asks as often as the command does. Without a limit it waits for the answer of an application that hangs until that ends. */
export function* askOwn(command: OwnCommand, unknown: boolean): Doing<Action, Result> {
  const request: OwnRequest = unknown ? { ...command.request, unknown: true } : command.request;
  const look = { kind: 'look', of: request } as const;
  const result = yield* polled(look, command.pauseMs, command.tries, ({ status }) => !command.again(status));
  if (result.status === SILENT && request.limitMs === undefined)
    yield { kind: 'waits', looks: [[look, result]], everyMs: 1000 };
  const text = command.text(result.status);
  return { status: command.exit(result.status), ...(text === undefined ? {} : { text }) };
}
