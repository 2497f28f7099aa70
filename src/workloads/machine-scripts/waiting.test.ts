// Scripts of machines that start what they declare, and wait for it or for AWS.

import { describe, expect, it } from 'vitest';
import { Interpreter } from '../shell/interpreter.ts';
import { REFUSED, SILENT } from './actions.ts';
import type { Action, Result } from './actions.ts';
import { startScript } from './cloud-init.ts';
import { startsByCommand } from './foresight.ts';
import { MachineMeaning } from './meaning.ts';
import type { Surroundings } from './meaning.ts';

const HOOK = { exit: 0, stdout: [], stderr: [], hangs: false, keepsOutputOpen: false, creates: [] };
const SIGNAL = 'cfn-signal -e 0 --stack shop --resource Web --region us-east-1';

/** All that a script does that declares an application on port 8080, or on another one, or none. */
function actions(
  script: string,
  answer: (action: Action) => Partial<Result> | undefined = () => undefined,
  { port = 8080, hooks = {} }: { port?: number | null; hooks?: object } = {},
): Action[] {
  const started = startScript(`#!/bin/bash\n${script}\n`);
  const around: Surroundings = {
    instanceId: 'i-1',
    groupName: 'shop',
    metadata: (path) => ({ 'instance-id': 'i-1', 'local-ipv4': '10.0.0.7' })[path],
    hooks: Object.fromEntries(Object.entries(hooks).map(([key, hook]) => [key, { ...HOOK, ...hook }])),
  };
  const application = { port: port ?? 0, startsByCommand: () => startsByCommand(started, around, port ?? 0) };
  const meaning = new MachineMeaning(port === null ? around : { ...around, application });
  const found: Action[] = [];
  const go = (running: Generator<Action, unknown, Result>): void => {
    for (let next = running.next(); !next.done && found.length < 200;) {
      found.push(next.value);
      const ms = next.value.kind === 'takes' ? next.value.ms : 0;
      next = running.next({ status: next.value.kind === 'look' ? 200 : 0, ms, ...answer(next.value) });
    }
  };
  go(new Interpreter(meaning, started).run(started.text));
  go(meaning.starts());
  return found;
}

const kinds = (...given: Parameters<typeof actions>): string =>
  actions(...given)
    .map(({ kind }) => kind)
    .join(' ');

describe('a declared application', () => {
  it('starts with the first command that plausibly starts it', () => {
    const before = (command: string, more: object = {}): string =>
      kinds(`${command}\n${SIGNAL}`, undefined, more);
    for (const command of [
      'systemctl restart shop',
      'systemctl enable --now shop.service',
      'service shop start',
      '/etc/init.d/shop start',
    ])
      expect(before(command)).toBe('spends starts signal');
    for (const command of [
      'docker run -d -p 8080:80 --rm shop',
      'docker compose -f a.yml up -d',
      'node server.js &',
      'nohup java -jar shop.jar > log 2>&1',
      'sudo -u web pm2 start app.js',
      '(cd /srv && ./shop) &',
    ])
      expect(before(`${command}\nsleep 1`)).toBe('starts takes signal');
    expect(before('systemctl start nginx', { port: 80 })).toBe('spends starts service signal');
  });

  it('is not started by what only stands around it', () => {
    for (const command of ['docker run --rm shop migrate', 'tail -f log &', 'node build.js', './setup.sh'])
      expect(kinds(`${command}\nsleep 1\n${SIGNAL}`)).toBe('takes starts signal');
    for (const service of ['docker', 'amazon-ssm-agent', 'mysqld', 'nginx', 'crond'])
      expect(kinds(`systemctl start ${service}\nsleep 1\n${SIGNAL}`)).toMatch(/takes starts signal$/);
  });

  it('starts before the first signal of success where no command is the one that starts it', () => {
    expect(kinds(`sleep 1; ${SIGNAL}`)).toBe('takes starts signal');
    expect(kinds('sleep 1; curl -T /dev/null http://cloudformation-waitcondition-us-east-1/h')).toContain(
      'put',
    );
    expect(kinds(`sleep 1; ${SIGNAL.replace('-e 0', '-e 1')}`)).toBe('takes signal starts');
    expect(kinds(`${SIGNAL}\nif true; then systemctl start shop; fi`)).toBe('signal spends starts');
    expect(kinds('sleep 1')).toBe('takes starts');
  });

  it('starts before the script asks for it where no command is the one that starts it', () => {
    expect(kinds('./run.sh; curl localhost:8080; sleep 1')).toBe('starts look takes');
    expect(kinds('curl localhost:9000; sleep 1')).toBe('look takes starts');
  });

  it('starts with the command of which the manifest says so, if that succeeds', () => {
    const hooks = { './run.sh': { starts: true } };
    expect(kinds(`systemctl start shop; ./run.sh; ${SIGNAL}`, undefined, { hooks })).toBe(
      'spends takes starts signal',
    );
    const failing = { hooks: { 'systemctl start shop': { exit: 1 } } };
    expect(kinds('systemctl start shop || docker run -d shop', undefined, failing)).toBe('takes starts');
  });

  it('starts with what a file declares, too', () => {
    const script = `echo 'version: v1' > /srv/sandtable.yml\nsystemctl start shop\n${SIGNAL}`;
    expect(kinds(script, undefined, { port: null })).toBe('spends declares signal');
    expect(kinds(script.replace('systemctl start shop\n', ''), undefined, { port: null })).toBe(
      'declares signal',
    );
  });
});

/** The statuses with which a command ends, given what it sees. */
function exits(command: string, status: number): number {
  const [, last] = actions(
    `${command}\ncfn-signal -e 0 -i $? 'http://x/cloudformation-waitcondition-us/h'`,
    (action) => (action.kind === 'look' ? { status } : undefined),
  )
    .filter(({ kind }) => kind === 'put' || kind === 'look')
    .slice(-2);
  return last?.kind === 'put' ? Number((JSON.parse(last.body) as { UniqueId: string }).UniqueId) : Number.NaN;
}

// https://curl.se/docs/manpage.html, EXIT CODES
// https://www.gnu.org/software/wget/manual/html_node/Exit-Status.html
describe("a request to the machine's own port", () => {
  it('ends with the status that curl and wget give it', () => {
    expect([200, 500, REFUSED].map((status) => exits('curl -s localhost:8080/health', status))).toEqual([
      0, 0, 7,
    ]);
    expect(
      [200, 404, REFUSED].map((status) => exits('curl -sSfo /dev/null http://127.0.0.1', status)),
    ).toEqual([0, 22, 7]);
    expect([200, 500, REFUSED].map((status) => exits('wget -q -O - http://10.0.0.7:8080/', status))).toEqual([
      0, 8, 4,
    ]);
    expect(exits('curl -m 3 --fail localhost', SILENT)).toBe(28);
    expect([200, REFUSED].map((status) => exits('nc -z localhost 8080', status))).toEqual([0, 1]);
  });

  it('goes to the port and the path of its URL', () => {
    const asked = (command: string): object[] =>
      actions(command).flatMap((action) => (action.kind === 'look' ? [action.of] : []));
    expect(asked('curl -H "Host: x" -m 2 -X GET http://localhost:8080/health?a=1')).toEqual([
      { port: 8080, path: '/health?a=1', protocol: 'HTTP', limitMs: 2000 },
    ]);
    expect(asked('IP=$(curl -s http://169.254.169.254/latest/meta-data/local-ipv4); curl $IP')).toMatchObject(
      [{ port: 80, path: '/' }],
    );
    expect(
      asked('curl https://example.com/?u=http://localhost; curl http://169.254.169.254/latest/'),
    ).toEqual([]);
  });

  it('prints what curl is told to', () => {
    const script = (how: string): string => `[ "$(curl ${how} localhost:8080)" = 503 ] && sleep 7`;
    const see = (status: number) => (action: Action) => (action.kind === 'look' ? { status } : undefined);
    expect(kinds(script("-s -o /dev/null -w '%{http_code}'"), see(503))).toContain('takes');
    expect(kinds(script("-s -o /dev/null -w '%{http_code}'"), see(REFUSED))).not.toContain('takes');
    expect(kinds('curl -sI localhost:8080 | grep "200 OK" && sleep 7', see(200))).toContain('takes');
    expect(kinds('curl -s localhost:8080 | grep -q ready && sleep 7', see(REFUSED))).not.toContain('takes');
  });

  it('is taken to be answered where a server may listen of which nothing is known', () => {
    const unknown = (script: string, port: number | null = null): unknown =>
      actions(script, undefined, { port }).flatMap((action) =>
        action.kind === 'look' ? [action.of.unknown] : [],
      )[0];
    expect(unknown('systemctl start tomcat; curl localhost:8080')).toBe(true);
    expect(unknown('curl localhost:8080')).toBe(undefined);
    expect(unknown('systemctl start amazon-ssm-agent; curl localhost:8080')).toBe(undefined);
    expect(unknown('systemctl start tomcat; curl localhost:8080', 8080)).toBe(undefined);
  });

  it('is made again as curl and wget do it, without looks in between that would see the same', () => {
    const tries = (command: string): string[] =>
      actions(command, (action) => {
        if (action.kind === 'look') return { status: REFUSED };
        return action.kind === 'waits' ? { status: 1, ms: action.limitMs ?? 0 } : undefined;
      }).flatMap((action) => {
        if (action.kind === 'takes') return [`${action.ms}`];
        if (action.kind === 'waits') return [`${action.everyMs} for ${action.limitMs}`];
        return action.kind === 'look' ? ['look'] : [];
      });
    expect(tries('curl --retry 5 --retry-delay 10 --retry-connrefused localhost')).toEqual([
      'look',
      '10000',
      '10000 for 40000',
      'look',
    ]);
    expect(tries('curl --retry 3 --retry-connrefused localhost')).toEqual([
      'look',
      '1000',
      'look',
      '2000',
      'look',
      '4000',
      'look',
    ]);
    expect(tries('curl --retry 5 localhost')).toEqual(['look']);
    expect(tries('wget localhost')).toEqual(['look']);
  });
});

describe('a loop that waits', () => {
  const HEALTH =
    `until [ "$state" == "\\"InService\\"" ]; do state=$(aws --region us-east-1 elb describe-instance-health
 --load-balancer-name front --instances $(curl -s http://169.254.169.254/latest/meta-data/instance-id)
 --query InstanceStates[0].State); sleep 10; done`.replaceAll('\n', '');
  const states = (...given: string[]) => {
    let at = 0;
    return ({ kind }: Action): Partial<Result> | undefined => {
      if (kind !== 'ask') return undefined;
      const State = given[Math.min(at, given.length - 1)];
      at += 1;
      return { text: JSON.stringify({ InstanceStates: [{ InstanceId: 'i-1', State }] }) };
    };
  };

  // AWS's sample of a rolling update, AutoScalingRollingUpdates.yaml.
  it('for its load balancer asks until it is in service, and after a turn that changed nothing waits for a change', () => {
    const found = actions(`${HEALTH}; ${SIGNAL}`, states('OutOfService', 'OutOfService', 'InService'), {
      port: null,
    });
    expect(found.map(({ kind }) => kind).join(' ')).toBe('ask takes ask takes waits ask takes signal');
    expect(found[0]).toEqual({
      kind: 'ask',
      of: {
        service: 'elasticloadbalancing-classic',
        operation: 'DescribeInstanceHealth',
        input: { LoadBalancerName: 'front', Instances: [{ InstanceId: 'i-1' }] },
        region: 'us-east-1',
      },
    });
    expect(found[4]).toMatchObject({ looks: [[{ kind: 'ask' }, { status: 0 }]], everyMs: 10_000 });
  });

  it('for its own port waits for a change after the first turn', () => {
    let looks = 0;
    const answer = ({ kind }: Action): Partial<Result> | undefined =>
      kind === 'look' ? { status: (looks += 1) > 1 ? 200 : REFUSED } : undefined;
    const script = `systemctl start shop; until curl -sf localhost:8080/health; do sleep 5; done; ${SIGNAL}`;
    expect(kinds(script, answer)).toBe('spends starts look takes waits look signal');
  });

  it('ends when it has counted to its end', () => {
    const refused = ({ kind }: Action): Partial<Result> | undefined =>
      kind === 'look' ? { status: REFUSED } : undefined;
    const script = 'for i in {1..4}; do curl -sf localhost && break; sleep 5; done';
    expect(kinds(script, refused, { port: null })).toBe('look takes look takes look takes look takes');
    const counting =
      'n=0; until curl -sf localhost; do n=$((n+1)); if [ $n -ge 3 ]; then exit 1; fi; sleep 5; done; sleep 9';
    expect(kinds(counting, refused, { port: null })).toBe('look takes look takes look');
  });

  it('has the time that timeout gives it', () => {
    const never = (action: Action): Partial<Result> | undefined => {
      if (action.kind === 'look') return { status: REFUSED };
      return action.kind === 'waits' ? { status: 1, ms: action.limitMs ?? 0 } : undefined;
    };
    const found = actions(
      "timeout 300 bash -c 'until curl -sf localhost; do sleep 5; done' || sleep 9",
      never,
      { port: null },
    );
    expect(found.slice(-2)).toMatchObject([
      { kind: 'waits', limitMs: 295_000 },
      { kind: 'takes', ms: 9000 },
    ]);
    expect(
      kinds('timeout 9 ./setup.sh; sleep 1', undefined, {
        port: null,
        hooks: { './setup.sh': { hangs: true } },
      }),
    ).toBe('takes takes takes');
  });
});

describe('commands of the AWS CLI', () => {
  const ARN = 'arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b';
  const health = (State: string): Partial<Result> => ({
    text: JSON.stringify({ TargetHealthDescriptions: [{ TargetHealth: { State } }] }),
  });

  // https://docs.aws.amazon.com/cli/latest/reference/elbv2/wait/target-in-service.html
  it('wait 40 times for 15 seconds, as botocore does', () => {
    const script = `aws elbv2 wait target-in-service --target-group-arn ${ARN} --targets Id=i-1,Port=80 || sleep 7`;
    const given = (action: Action): Partial<Result> | undefined => {
      if (action.kind === 'ask') return health('initial');
      return action.kind === 'waits' ? { status: 1, ms: action.limitMs ?? 0 } : undefined;
    };
    const found = actions(script, given, { port: null });
    expect(found).toMatchObject([
      {
        kind: 'ask',
        of: { operation: 'DescribeTargetHealth', input: { Targets: [{ Id: 'i-1', Port: 80 }] } },
      },
      { kind: 'takes', ms: 15_000 },
      { kind: 'waits', everyMs: 15_000, limitMs: 570_000 },
      { kind: 'ask' },
      { kind: 'takes', ms: 7000 },
    ]);
    expect(kinds(script, () => health('healthy'), { port: null })).toBe('ask');
    expect(kinds(script, () => ({ status: 254, text: 'AccessDenied' }), { port: null })).toBe('ask takes');
  });

  it('end lifecycle actions under the role of the instance', () => {
    const script =
      'aws autoscaling complete-lifecycle-action --lifecycle-action-result CONTINUE --lifecycle-hook-name up';
    const input = { LifecycleHookName: 'up', AutoScalingGroupName: 'shop', InstanceId: 'i-1' };
    expect(actions(script, undefined, { port: null })).toEqual([
      {
        kind: 'ask',
        of: {
          service: 'autoscaling',
          operation: 'CompleteLifecycleAction',
          input: { ...input, LifecycleActionResult: 'CONTINUE' },
          region: '',
        },
      },
    ]);
    const beat =
      'aws autoscaling record-lifecycle-action-heartbeat --lifecycle-hook-name up --auto-scaling-group-name a';
    expect(actions(beat, undefined, { port: null })).toMatchObject([
      { of: { operation: 'RecordLifecycleActionHeartbeat', input: { ...input, AutoScalingGroupName: 'a' } } },
    ]);
  });

  it('are taken to succeed where nothing is known of them', () => {
    expect(
      kinds('aws autoscaling describe-auto-scaling-groups; aws elbv2 describe-target-health', undefined, {
        port: null,
      }),
    ).toBe('');
    const script =
      'until [ "$s" = available ]; do s=$(aws rds describe-db-instances); sleep 5; done; sleep 1';
    expect(kinds(script, undefined, { port: null })).toBe('takes takes');
  });
});
