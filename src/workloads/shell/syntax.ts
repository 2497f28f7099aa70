// What a shell script consists of, as far as it matters what it would do. The grammar is POSIX's with bash's commonest additions.
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html

/** A piece of a word. What stands in quotes is not split at blanks. */
export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: 'variable';
      readonly name: string;
      /** Of `${NAME:-otherwise}`. */
      readonly otherwise?: string;
      readonly quoted: boolean;
    }
  /** `$(…)` or the same in backticks. */
  | { readonly kind: 'command'; readonly text: string; readonly quoted: boolean }
  /** `$((…))`. */
  | { readonly kind: 'arithmetic'; readonly expression: Word }
  /** Process substitutions and other expansions whose value is not worked out. */
  | { readonly kind: 'unknown' };

export type Word = readonly Part[];

export interface Redirect {
  readonly operator: string;
  /** File descriptor; the operator's own where none is given. */
  readonly fd?: number;
  readonly target: Word;
  /** A here-document or here-string. */
  readonly body?: Word;
}

export interface Assignment {
  readonly name: string;
  readonly value: Word;
}

export interface Simple {
  readonly kind: 'simple';
  readonly assignments: readonly Assignment[];
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
}

export interface Pipeline {
  readonly kind: 'pipeline';
  readonly negated: boolean;
  readonly commands: readonly Command[];
}

export interface List {
  readonly kind: 'list';
  readonly items: readonly ListItem[];
}

export interface ListItem {
  /** What stands before it: `&&`, `||`, or `;` where it follows in any case. */
  readonly after: ';' | '&&' | '||';
  readonly command: Command;
  /** `&` stands behind it. */
  readonly background?: true;
}

export interface If {
  readonly kind: 'if';
  readonly branches: readonly { readonly condition: List; readonly body: List }[];
  readonly otherwise?: List;
}

export interface While {
  readonly kind: 'while';
  readonly until: boolean;
  readonly condition: List;
  readonly body: List;
}

export interface For {
  readonly kind: 'for';
  /** Nothing for `for ((…))`. */
  readonly name?: string;
  readonly words: readonly Word[];
  readonly body: List;
}

export interface Case {
  readonly kind: 'case';
  readonly word: Word;
  readonly branches: readonly { readonly patterns: readonly Word[]; readonly body: List }[];
}

/** `{ … }`, or `( … )` in a shell of its own. */
export interface Group {
  readonly kind: 'group';
  readonly subshell: boolean;
  readonly body: List;
  readonly redirects: readonly Redirect[];
}

export interface FunctionDefinition {
  readonly kind: 'function';
  readonly name: string;
  readonly body: Command;
}

export type Command = Simple | Pipeline | List | If | While | For | Case | Group | FunctionDefinition;

/** The commands of a script that is one simple command or one pipeline of these; nothing of any other. */
export function simplesIn({ items }: List): readonly Simple[] | undefined {
  const [only] = items;
  if (items.length !== 1 || !only) return undefined;
  const commands = only.command.kind === 'pipeline' ? only.command.commands : [only.command];
  return commands.every((one) => one.kind === 'simple') ? commands : undefined;
}

/** The variables to which a command assigns something, as far as that stands in it. */
export function assignedIn(command: Command): readonly string[] {
  switch (command.kind) {
    case 'simple':
      return command.assignments.map(({ name }) => name);
    case 'pipeline':
      return command.commands.flatMap(assignedIn);
    case 'list':
      return command.items.flatMap((item) => assignedIn(item.command));
    case 'if':
    case 'case': {
      const bodies = command.branches.map(({ body }) => body);
      if (command.kind === 'if' && command.otherwise) bodies.push(command.otherwise);
      return bodies.flatMap(assignedIn);
    }
    case 'while':
    case 'for':
    case 'group':
    case 'function':
      return assignedIn(command.body);
  }
}

/** Text that is no shell script, or one in a syntax that is not read. */
export class ShellSyntaxError extends Error {
  override readonly name = 'ShellSyntaxError';
}
