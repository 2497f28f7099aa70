import { describe, expect, it } from 'vitest';
import { Interpreter } from './interpreter.ts';
import type { Doing, End, Printed } from './meaning.ts';
import { parseShell } from './parser.ts';
import { ShellSyntaxError } from './syntax.ts';

interface Ran {
  /** `act` and its arguments, as often as it was called. */
  acts: string[];
  files: Record<string, string>;
  end: End;
}

/**
 * Runs a script in which `act` means something, and ends with what it is told: `act fails` with 1. `ask` looks at something; that
 * takes a second.
 */
function run(
  script: string,
  options: { errexit?: boolean } = {},
  answer: Printed | (() => Printed) = { status: 0 },
): Ran {
  const acts: string[] = [];
  const files: Record<string, string> = {};
  const interpreter = new Interpreter<'ask', Printed>(
    {
      *command([name, ...rest], input): Doing<'ask', Printed> {
        if (name === 'ask') return yield 'ask';
        if (name !== 'act') return 0;
        acts.push([...rest, ...(input === undefined ? [] : [`< ${input}`])].join(' '));
        return rest[0] === 'fails' ? 1 : 0;
      },
      output: ([name]) => (name === 'region' ? 'eu-west-1\n' : undefined),
      wrote: (path, text, append) => void (files[path] = (append ? (files[path] ?? '') : '') + text),
      reportsFailure: (words) => words[1] === 'fails',
      asks: ([name]) => name === 'ask',
      looks: () => true,
      steady: () => undefined,
      took: () => 1000,
      within: (action) => action,
    },
    options,
  );
  const running = interpreter.run(script);
  let next = running.next();
  while (!next.done) next = running.next(typeof answer === 'function' ? answer() : answer);
  return { acts, files, end: next.value };
}

const acts = (script: string, options = {}): string[] => run(script, options).acts;

// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html
describe('a shell script', () => {
  it('joins lines, ends commands at separators and drops comments', () => {
    expect(acts('act a \\\n  b # no\nact c; act d & act e')).toEqual(['a b', 'c', 'd', 'e']);
  });

  it('quotes, expands and splits words', () => {
    expect(acts(`X="a  b"; act '$X' "$X" $X \${X} "\${Y:-c}" \\$X`)).toEqual(['$X a  b a b a b \uFFFD $X']);
    expect(acts(`R=$(region); act --region "$R" --at \`region\``)).toEqual([
      '--region eu-west-1 --at eu-west-1',
    ]);
  });

  it('goes by the status of commands', () => {
    expect(acts('act fails && act a || act b; act $?')).toEqual(['fails', 'b', '0']);
    expect(acts('act fails\nS=$?\nact status $S')).toEqual(['fails', 'status 1']);
    expect(acts('if act fails; then act a; elif true; then act b; else act c; fi')).toEqual(['fails', 'b']);
    expect(acts('if ! act fails; then act a; fi')).toEqual(['fails', 'a']);
    expect(acts('act fails | tee log; act $? ${PIPESTATUS[0]}')).toEqual(['fails', '0 1']);
    expect(acts('set -o pipefail; act fails | tee log; act $?')).toEqual(['fails', '1']);
  });

  it('breaks off at the first command that fails where it is told to', () => {
    const { end, acts: did } = run('act fails\nact a', { errexit: true });
    expect(did).toEqual(['fails']);
    expect(end).toEqual({ status: 1, brokeOffAt: 'act fails' });
    expect(acts('set -euo pipefail; act fails || act a; set +e; act fails; act b')).toHaveLength(4);
    expect(run('act a; exit 3; act b').end).toEqual({ status: 3, brokeOffAt: 'exit 3' });
  });

  it('runs its traps', () => {
    expect(acts(`trap 'act end $?' EXIT; act a; exit 4`)).toEqual(['a', 'end 4']);
    expect(acts('function f { act f; }\ntrap f ERR\nset -e\nact fails\nact a')).toEqual(['fails', 'f']);
  });

  it('calls its functions', () => {
    expect(acts('f() {\n  act got "$1" "$2"\n  return 2\n}\nf x "y z" || act $?')).toEqual([
      'got x y z',
      '2',
    ]);
    expect(acts('set -e\nf() { act fails; act a; }\nf; act b')).toEqual(['fails']);
  });

  it('judges tests about what is known', () => {
    expect(acts('X=a; [ "$X" = a ] && act 1; [[ $X != a ]] || act 2; test -z "" && act 3')).toHaveLength(3);
    expect(acts('act fails; if [ $? -ne 0 ]; then act a; else act b; fi')).toEqual(['fails', 'a']);
    expect(acts('act fails; if (( $? == 0 )); then act a; else act b; fi')).toEqual(['fails', 'b']);
    expect(acts('case $(region) in eu-*) act eu;; *) act else;; esac')).toEqual(['eu']);
  });

  it('is taken to succeed where nobody can tell', () => {
    expect(acts('if curl -f http://x; then act a; else act fails; fi')).toEqual(['a']);
    expect(acts('[ -f /x ] || exit 1; [ -z "$(lsblk)" ] && exit 1; act a')).toEqual(['a']);
    expect(acts('if [ "$(id)" = 0 ]; then act fails; else act a; fi')).toEqual(['a']);
    expect(acts('until curl x; do act waits; done; while true; do act once; done')).toEqual(['once']);
  });

  it('counts', () => {
    expect(acts('n=2; act $((n + 3 * 2)) $(( (n+1)%2 )) $(expr $n - 5) "$((m))"')).toEqual(['8 1 -3 \uFFFD']);
    expect(acts('n=0; while [ $n -lt 3 ]; do act $n; n=$((n+1)); done; act end')).toEqual([
      '0',
      '1',
      '2',
      'end',
    ]);
    expect(acts('n=0; until (( n >= 2 )); do act $n; ((n++)); done; let n+=5; act $n')).toEqual([
      '0',
      '1',
      '7',
    ]);
    expect(acts('n=0; until act fails; do n=$(expr $n + 1); [ $n -ge 3 ] && exit 1; done')).toHaveLength(3);
    // What is waited for beside counting is there then.
    expect(acts('n=0; while [ $n -lt 9 ]; do [ "$(id)" != x ] || break; act $n; n=$((n+1)); done')).toEqual([
      '0',
    ]);
    expect(run('n=0; while true; do n=$((n+1)); done; act end')).toMatchObject({
      end: { endless: true },
      acts: [],
    });
  });

  it('takes the answers of what it asks through pipes', () => {
    const asked = (script: string, text: string, status = 0): string[] =>
      run(script, {}, { status, text }).acts;
    expect(asked("act $(ask | tr -d '\"') $?", '"up"\n')).toEqual(['up 0']);
    expect(asked('S=$(ask); act $? "$S"', '', 4)).toEqual(['4 ']);
    expect(asked('S=$(ask || echo none); act $? "$S"', '', 4)).toEqual(['0 none']);
    expect(asked('act $(ask | jq -r .a[0].b)', '{"a":[{"b":"x"}]}')).toEqual(['x']);
    expect(asked('ask | grep -q up && act up || act down', 'is up\n')).toEqual(['up']);
    expect(asked('ask | grep -q up && act up || act down', 'is down\n')).toEqual(['down']);
    expect(run('set -e; S=$(ask); act a', {}, { status: 4, text: '' }).end).toMatchObject({ status: 4 });
  });

  it('goes on with loops that look at something, until it is otherwise', () => {
    let asked = 0;
    const answer = (): Printed => ({ status: 0, text: (asked += 1) < 3 ? 'no' : 'yes' });
    expect(run('until [ "$s" = yes ]; do s=$(ask); act turn; done', {}, answer).acts).toHaveLength(3);
    asked = 0;
    expect(run('while true; do ask | grep -q yes && break; act turn; done', {}, answer).acts).toHaveLength(2);
    const never = run('until [ "$(ask)" = yes ]; do act turn; done; act end', {}, { status: 0, text: 'no' });
    expect(never.end).toEqual({ status: 0, endless: true });
    expect(acts('while :; do ask; act beside; done & act on')).toEqual(['beside', 'on']);
  });

  it('ends what takes longer than its timeout', () => {
    const no: Printed = { status: 1, text: '' };
    const script = "timeout 10 bash -c 'until ask; do act turn; done'; act $?";
    expect(run(script, {}, no).acts).toEqual([...Array<string>(9).fill('turn'), '124']);
    const nested = `timeout 60 bash -c "timeout 10 bash -c 'until ask; do act turn; done' || act late"`;
    expect(run(nested, {}, no).acts.at(-1)).toBe('late');
    expect(acts('timeout 10 ask; act $?')).toEqual(['0']);
  });

  it('turns loops over words', () => {
    expect(acts('for i in $(seq 3) $(seq 5 2 9); do act $i; done')).toHaveLength(6);
    expect(acts('for i in {1..3} x; do act $i; done')).toEqual(['1', '2', '3', 'x']);
    expect(acts('for i in 1 2 3; do act $i && break; done')).toEqual(['1']);
    expect(acts('for ((i=0; i<3; i++)); do act once; done')).toEqual(['once']);
  });

  it('reads here-documents and writes files', () => {
    const { files } = run(
      `X=1\ncat > /a <<EOF\nx=$X\nEOF\nsudo tee -a /b <<'EOF' >/dev/null\nx=$X\nEOF\necho one >> /b\nprintf 'a\\nb' > /c`,
    );
    expect(files).toMatchObject({ '/a': 'x=1\n', '/b': 'x=$X\none\n', '/c': 'a\nb' });
    expect(acts(`echo '{"a": 1}' | act put -d @-`)).toEqual(['put -d @- < {"a": 1}\n']);
  });

  it('looks through what only stands in front of a command', () => {
    expect(
      acts('sudo -u web -E act a; nohup timeout -k 5 60s act b; env X=1 act c; /usr/bin/time act d'),
    ).toEqual(['a', 'b', 'c', 'd']);
    expect(acts(`bash -c 'act a; exit 1'; su - web -c "act b"; eval act c`)).toEqual(['a', 'b', 'c']);
  });

  it('survives what real ones begin with', () => {
    const head = 'exec > >(tee /var/log/user-data.log | logger -t user-data -s 2>/dev/console) 2>&1\n';
    expect(acts(`${head}declare -a L=(a b)\n[[ $X =~ ^(a|b)$ ]] && act no\nact a 2>&1 >/dev/null`)).toContain(
      'a',
    );
  });

  it('is read line by line where it cannot be read as a whole', () => {
    expect(() => parseShell('if true; act a')).toThrow(ShellSyntaxError);
    expect(acts('act a\nfi\nact b "c\nact d')).toEqual(['a', 'd']);
  });
});
