#!/usr/bin/env node
// The command line: finds the command, parses its options, and turns what goes wrong into a message and an exit code.

import { parseArgs } from 'node:util';
import { UserError } from '#cloud/user-error.ts';
import { useCompileCache } from '#runtime/compile-cache.ts';
import { helpOf, parserOptions, repeated, Values } from './command.ts';
import type { Command, ExitCode } from './command.ts';

/** Commands are loaded when they are called for: `up` needs no reports, and help needs nothing. */
const commands: Readonly<Record<string, { summary: string; load: () => Promise<{ command: Command }> }>> = {
  up: { summary: 'serve a local AWS until Ctrl-C', load: () => import('./up.ts') },
  stage: {
    summary: 'put up CloudFormation templates or a CDK app, and serve them',
    load: () => import('./stage.ts'),
  },
  rehearse: {
    summary: 'run rehearsals and hold them against their expectations',
    load: () => import('./rehearse.ts'),
  },
  compare: {
    summary: 'run the variants of a rehearsal and set them side by side',
    load: () => import('./compare.ts'),
  },
  claims: {
    summary: 'list the claims about AWS and what rehearsal says of each',
    load: () => import('./claims.ts'),
  },
  snapshot: {
    summary: 'save the world of a running endpoint; list and delete what was saved',
    load: () => import('./snapshot.ts'),
  },
  clock: { summary: 'show or move the clock of a running endpoint', load: () => import('./clock.ts') },
  start: {
    summary: 'rehearse the example release with every strategy, then serve',
    load: () => import('./start.ts'),
  },
};

function help(): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`);
  return [
    'sandtable: a local AWS whose operations really happen, on a clock you control',
    '',
    ...rows,
    '',
    'sandtable COMMAND --help says more.',
  ].join('\n');
}

async function main(given: readonly string[]): Promise<number> {
  const [name, ...rest] = given;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(help());
    return name === undefined ? 2 : 0;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) {
    throw new UserError('unknown-command', `There is no command ${JSON.stringify(name)}.`, {
      hint: `Use one of: ${Object.keys(commands).join(', ')}.`,
    });
  }
  const { command } = await entry.load();
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (own.includes('--help') || own.includes('-h')) {
    console.log(helpOf(command));
    return 0;
  }
  const { values, positionals } = parse(command, rest);
  return command.run(new Values(values), positionals);
}

function parse(
  command: Command,
  given: string[],
): { values: Record<string, unknown>; positionals: string[] } {
  try {
    return parseArgs({
      args: repeated(given, command.options),
      options: parserOptions(command.options),
      allowPositionals: command.positionals !== undefined,
    });
  } catch (error) {
    throw new UserError('bad-option', (error as Error).message, {
      hint: `See: sandtable ${command.name} --help`,
    });
  }
}

/** What is printed of an error, and the exit code. */
function report(error: unknown, given: readonly string[]): ExitCode {
  // Of several, the first speaks for all.
  if (error instanceof AggregateError) return error.errors.map((one) => report(one, given))[0] ?? 1;
  if (error instanceof UserError) {
    console.error(`${error.message}\n${error.hint}`);
    return 2;
  }
  const { name = 'Error', message = String(error), stack } = error as Error;
  const { place } = error as { place?: string };
  const at = place === undefined ? '' : `\n  at ${place}`;
  switch (name) {
    // Errors of AWS that the model lacks have an exit code of their own, so that CI can tell them from failures.
    case 'NotImplemented':
      console.error(`${message}${at}`);
      return 3;
    case 'WorldCrash':
      console.error(`This is a bug of Sandtable: ${message}\n${stack ?? ''}`);
      console.error(`Please report it with this line: sandtable ${given.join(' ')}`);
      return 1;
    default:
      console.error(place === undefined ? (stack ?? `${name}: ${message}`) : `${name}: ${message}${at}`);
      return 1;
  }
}

useCompileCache();
const given = process.argv.slice(2);
try {
  process.exitCode = await main(given);
} catch (error) {
  process.exitCode = report(error, given);
}
