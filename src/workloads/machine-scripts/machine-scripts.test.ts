import { describe, expect, it } from 'vitest';
import { Interpreter } from '../shell/interpreter.ts';
import type { Action, Result } from './actions.ts';
import { startScript } from './cloud-init.ts';
import { MachineMeaning } from './meaning.ts';

const HANDLE = 'http://127.0.0.1:4566/cloudformation-waitcondition-us-east-1/arn%3Aaws/Handle';
const STACK = '--stack shop --resource Web --region us-east-1';

const NOTHING = { exit: 0, stdout: [], stderr: [], hangs: false, keepsOutputOpen: false, creates: [] };

/** All that user data does, with what comes of it said by `answer`. */
function actions(
  userData: string,
  answer: (action: Action) => Partial<Result> | undefined = () => undefined,
  hooks: object = {},
): Action[] {
  const { text, errexit } = startScript(userData);
  const meaning = new MachineMeaning({
    instanceId: 'i-1',
    metadata: (path) => ({ 'instance-id': 'i-1', 'placement/region': 'us-east-1' })[path],
    hooks: Object.fromEntries(Object.entries(hooks).map(([key, hook]) => [key, { ...NOTHING, ...hook }])),
  });
  const running = new Interpreter(meaning, { errexit }).run(text);
  const found: Action[] = [];
  for (let next = running.next(); !next.done;) {
    found.push(next.value);
    next = running.next({ status: 0, ...answer(next.value) });
  }
  const declaring = meaning.declarations();
  for (let next = declaring.next(); !next.done; next = declaring.next({ status: 0 })) found.push(next.value);
  return found;
}

const kinds = (...given: Parameters<typeof actions>): string[] => actions(...given).map(({ kind }) => kind);

/** What is signalled: `SUCCESS Web`, or the body that is put. */
function signals(...given: Parameters<typeof actions>): string[] {
  return actions(...given).flatMap((action) => {
    if (action.kind === 'put') return [action.body];
    return action.kind === 'signal' ? [`${action.signal.status} ${action.of.resource}`] : [];
  });
}

const init = (config: object): Partial<Result> => ({
  text: JSON.stringify({ 'AWS::CloudFormation::Init': config }),
});
const described =
  (config: object, previous?: object) =>
  ({ kind }: Action): Partial<Result> | undefined =>
    kind === 'describe'
      ? { ...init(config), ...(previous ? { previous: init(previous).text as string } : {}) }
      : undefined;

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-signal.html
describe('cfn-signal', () => {
  it('tells the status of what ran before it', () => {
    const script = `#!/bin/bash\n/opt/aws/bin/cfn-init -v ${STACK}\n/opt/aws/bin/cfn-signal -e $? ${STACK}\n`;
    expect(signals(script, described({ config: {} }))).toEqual(['SUCCESS Web']);
    expect(signals(script, ({ kind }) => (kind === 'describe' ? { status: 1 } : {}))).toEqual([
      'FAILURE Web',
    ]);
  });

  it('is not reached where the script ends at the first error', () => {
    const script = `#!/bin/bash -xe\ncfn-init ${STACK}\ncfn-signal -e $? ${STACK}\n`;
    expect(signals(script, () => ({ status: 1 }))).toEqual([]);
    const trapped = `#!/bin/bash\nset -e\ntrap 'cfn-signal -e $? ${STACK}' EXIT\ncfn-init ${STACK}\n`;
    expect(signals(trapped, () => ({ status: 1 }))).toEqual(['FAILURE Web']);
  });

  it('takes its status by each of its options', () => {
    const of = (options: string): string[] => signals(`#!/bin/sh\ncfn-signal ${options} ${STACK}\n`);
    expect(of('--success true')).toEqual(['SUCCESS Web']);
    expect(of('-s false')).toEqual(['FAILURE Web']);
    expect(of('--exit-code=0')).toEqual(['SUCCESS Web']);
    expect(of('-e2 --reason "no disk"')).toEqual(['FAILURE Web']);
    expect(of('-e $RESULT_OF_SOMETHING')).toEqual(['SUCCESS Web']);
    expect(of('--nonsense')).toEqual([]);
  });

  it('puts to the URL of a handle', () => {
    const script = `#!/bin/bash -x\ndate > /tmp/datefile\ncfn-signal -e $? -d "All \\"well\\"" -r done '${HANDLE}'\n`;
    const body = { Status: 'SUCCESS', UniqueId: 'i-1', Data: 'All "well"', Reason: 'done' };
    expect(signals(script).map((one) => JSON.parse(one) as unknown)).toEqual([body]);
    expect(signals(`#!/bin/bash\ncfn-signal -e 1 -i a "${HANDLE}"`)[0]).toContain(
      '"Reason":"Configuration failed"',
    );
  });

  // AWS's sample of a script with an error function.
  it('says failure where a function of the script does', () => {
    const script = `#!/bin/bash
function error_exit
{
  /usr/local/bin/cfn-signal -e 1 -r "$1" '${HANDLE}'
  exit 1
}
cfn-init -s shop -r Web --region us-east-1 || error_exit 'Failed to run cfn-init'
/usr/local/bin/cfn-signal -e 0 -r "setup complete" '${HANDLE}'
`;
    expect(signals(script, described({ config: {} }))[0]).toContain('setup complete');
    const failed = signals(script, () => ({ status: 1 }));
    expect(failed).toHaveLength(1);
    expect(failed[0]).toContain('Failed to run cfn-init');
  });

  it('leaves to the instance what the script does not let see', () => {
    const script = `#!/bin/bash
REGION=$(curl -s http://169.254.169.254/latest/meta-data/placement/region)
STACK=$(aws ec2 describe-tags --query x --output text)
cfn-signal -e 0 --stack $STACK --resource Web --region $REGION
`;
    const found = actions(script).find(({ kind }) => kind === 'signal');
    expect(found).toMatchObject({ of: { stack: '', resource: 'Web', region: 'us-east-1' } });
  });
});

describe('signals without the helper scripts', () => {
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
  it('are what curl puts to a handle', () => {
    const json = '{"Status" : "SUCCESS","UniqueId" : "ID1234","Data" : "x","Reason" : "Done"}';
    const put = (how: string): string[] => signals(`#!/bin/bash\n${how}\n`);
    expect(put(`curl -X PUT -H 'Content-Type:' --data-binary '${json}' "${HANDLE}"`)).toEqual([json]);
    expect(put(`echo '${json}' > /tmp/a\ncurl -T /tmp/a "${HANDLE}"`)).toEqual([`${json}\n`]);
    expect(put(`echo '${json}' | curl -X PUT -d @- "${HANDLE}"`)).toEqual([`${json}\n`]);
  });

  it('are what the command line interface sends under the role of the instance', () => {
    const script = `#!/bin/bash
ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
aws cloudformation signal-resource --stack-name shop --logical-resource-id Web --unique-id $ID --status SUCCESS
`;
    expect(actions(script)).toMatchObject([
      { kind: 'signal', of: { stack: 'shop', resource: 'Web', role: true }, signal: { uniqueId: 'i-1' } },
    ]);
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-init.html
describe('cfn-init', () => {
  const call = (more: string = ''): string =>
    `#!/bin/bash\ncfn-init -v ${STACK} ${more}\ncfn-signal -e $? ${STACK}`;

  it('works through a configuration in its order', () => {
    const config = {
      services: { sysvinit: { httpd: { enabled: 'true', ensureRunning: 'true' } } },
      commands: { b: { command: 'sleep 2' }, a: { command: ['sleep', '1'] } },
      files: { '/var/www/html/index.html': { content: '<h1>Hello</h1>', mode: '000644' } },
      sources: { '/srv': 'https://example.com/a.zip' },
      users: { web: {} },
      groups: { web: {} },
      packages: { yum: { httpd: [], php: [] }, rpm: { epel: 'http://x/epel.rpm' } },
    };
    const done = actions(call(), described({ config })).map((action) => {
      if (action.kind === 'packages') return `${action.manager} ${action.count ?? 'all'}`;
      if (action.kind === 'spends') return action.on;
      if (action.kind === 'service') return `${action.verb} ${action.name}`;
      return action.kind === 'takes' ? action.ms : action.kind;
    });
    expect(done.join(', ')).toBe(
      'describe, rpm 1, yum 2, entries, entries, source, entries, ' +
        'command, 1000, command, 2000, enable httpd, service, start httpd, signal',
    );
  });

  it('takes configsets in the order given, and configsets in configsets', () => {
    const config = {
      configSets: { one: ['a'], all: [{ ConfigSet: 'one' }, 'b'] },
      a: { commands: { x: { command: 'sleep 1' } } },
      b: { commands: { x: { command: 'sleep 2' } } },
    };
    const times = (sets: string): number[] =>
      actions(call(sets), described(config)).flatMap((action) =>
        action.kind === 'takes' ? [action.ms] : [],
      );
    expect(times('-c all')).toEqual([1000, 2000]);
    expect(times('--configsets=all,one')).toEqual([1000, 2000, 1000]);
  });

  it('fails where there is no such configset, or no configuration', () => {
    const told = (config: Partial<Result>, more = ''): unknown[] =>
      actions(call(more), ({ kind }) => (kind === 'describe' ? config : undefined));
    expect(told(init({ config: {} }), '-c full_install')).toMatchObject([
      { kind: 'describe' },
      { kind: 'tells', problem: 'cfn-init: Error: no ConfigSet named full_install exists' },
      { kind: 'signal', signal: { status: 'FAILURE' } },
    ]);
    expect(told({ text: '{}' })).toMatchObject([
      {},
      { problem: expect.stringContaining('Could not find') },
      {},
    ]);
  });

  it('fails with a command that does, unless its errors are ignored', () => {
    const config = (more: object): object => ({
      config: { commands: { '01_build': { command: 'make', ...more } } },
    });
    const hooks = { '01_build': { exit: 2 } };
    expect(signals(call(), described(config({})), hooks)).toEqual(['FAILURE Web']);
    expect(signals(call(), described(config({ ignoreErrors: 'true' })), hooks)).toEqual(['SUCCESS Web']);
    expect(signals(call(), described(config({ test: '[ 1 = 2 ]' })), hooks)).toEqual(['SUCCESS Web']);
  });

  it('restarts a service when a file of it has changed since the last time', () => {
    const config = (page: string): object => ({
      config: {
        files: { '/var/www/html/index.html': { content: page } },
        services: { systemd: { nginx: { ensureRunning: true, files: ['/var/www/html/index.html'] } } },
      },
    });
    const verbs = (before: string): string[] =>
      actions(call(), described(config('new'), config(before))).flatMap((action) =>
        action.kind === 'service' ? [action.verb] : [],
      );
    expect(verbs('new')).toEqual(['start']);
    expect(verbs('old')).toEqual(['restart']);
  });

  it('declares an application by a file, once it is through', () => {
    const content = 'version: v2\napplication: { port: 80 }\n';
    const config = { config: { files: { '/opt/web/sandtable.yml': { content } } } };
    expect(actions(call(), described(config))).toMatchObject([
      { kind: 'describe' },
      { kind: 'spends' },
      { kind: 'declares', path: '/opt/web/sandtable.yml', text: content },
      { kind: 'signal' },
    ]);
    expect(kinds(call(), described(config, config))).toEqual(['describe', 'spends', 'signal']);
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-hup.html
describe('cfn-hup', () => {
  it('is told by its files what to watch and what to do', () => {
    const script = `#!/bin/bash
cat > /etc/cfn/cfn-hup.conf <<EOF
[main]
stack=shop
region=us-east-1
interval=5
EOF
cat > /etc/cfn/hooks.d/cfn-auto-reloader.conf <<EOF
[cfn-auto-reloader-hook]
triggers=post.update
path=Resources.Web.Metadata.AWS::CloudFormation::Init
action=/opt/aws/bin/cfn-init -v
         --stack shop --resource Web --region us-east-1
runas=root
EOF
systemctl enable --now cfn-hup.service
`;
    expect(actions(script)).toEqual([
      { kind: 'spends', on: 'service', count: 1 },
      {
        kind: 'cfn-hup',
        configuration: {
          stack: 'shop',
          region: 'us-east-1',
          intervalMs: 300_000,
          hooks: [
            {
              name: 'cfn-auto-reloader-hook',
              triggers: ['post.update'],
              resource: 'Web',
              metadataPath: 'AWS::CloudFormation::Init',
              action: '/opt/aws/bin/cfn-init -v --stack shop --resource Web --region us-east-1',
            },
          ],
        },
      },
    ]);
  });

  it('does not run without a stack', () => {
    expect(actions('#!/bin/sh\nservice cfn-hup start')).toMatchObject([
      { kind: 'spends' },
      { kind: 'tells', problem: expect.stringContaining('no stack') },
      { kind: 'cfn-hup', configuration: undefined },
    ]);
  });
});

describe('user data', () => {
  it('starts web servers by their services', () => {
    const services = (script: string): string[] =>
      actions(`#!/bin/bash\n${script}\n`).flatMap((action) =>
        action.kind === 'service' ? [`${action.verb} ${action.name} ${String(action.enabled)}`] : [],
      );
    expect(services('yum install -y httpd\nsystemctl enable httpd; systemctl start httpd')).toEqual([
      'enable httpd true',
      'start httpd true',
    ]);
    expect(services('dnf -y install nginx && sudo systemctl --now enable nginx.service')).toContain(
      'start nginx true',
    );
    expect(services('service httpd start\nchkconfig httpd on')).toEqual([
      'start httpd false',
      'enable httpd true',
    ]);
    expect(services('/etc/init.d/apache2 restart')).toEqual(['restart apache2 false']);
    // Debian's packages start what they install.
    expect(services('apt-get install -y apache2')).toEqual(['enable apache2 true', 'start apache2 true']);
    expect(services('yum install -y httpd; systemctl start mysqld')).toEqual([]);
  });

  it('takes longer by its packages, downloads and pauses', () => {
    const script =
      '#!/bin/bash\nyum update -y\napt-get update && apt-get -y install a b\nwget x\npip3 install c\nsleep 1.5m\n';
    expect(actions(script)).toEqual([
      { kind: 'packages', manager: 'yum' },
      { kind: 'packages', manager: 'apt-get', count: 0 },
      { kind: 'packages', manager: 'apt-get', count: 2 },
      { kind: 'spends', on: 'download', count: 1 },
      { kind: 'packages', manager: 'pip3', count: 1 },
      { kind: 'takes', ms: 90_000 },
    ]);
  });

  it('is as slow and as faulty as the manifest in it says', () => {
    const script = `#!/bin/bash\n./setup.sh --all && cfn-signal -e 0 ${STACK} || cfn-signal -e 1 ${STACK}`;
    expect(actions(script, undefined, { './setup.sh': { durationMs: 5000, exit: 3 } })).toMatchObject([
      { kind: 'takes', ms: 5000 },
      { kind: 'signal', signal: { status: 'FAILURE' } },
    ]);
    expect(kinds(script, undefined, { 'setup.sh --all': { hangs: true } })).toContain('hangs');
    expect(actions(script, undefined, { 'cfn-signal': { durationMs: 9000 } })).toMatchObject([
      { kind: 'takes', ms: 9000 },
      { kind: 'signal', instant: true },
    ]);
  });

  // https://cloudinit.readthedocs.io/en/latest/explanation/format.html
  it('runs as a shell script, as cloud-config or as several parts, and not as anything else', () => {
    const signal = `cfn-signal -e 0 ${STACK}`;
    expect(signals(`#!/usr/bin/env bash\n${signal}`)).toHaveLength(1);
    expect(signals(signal)).toEqual([]);
    expect(signals(`#!/usr/bin/python3\n${signal}`)).toEqual([]);
    // A template whose lines were folded into one: all of it is the first line.
    expect(signals(`#!/bin/bash -xe yum update -y ${signal}`)).toEqual([]);
    const config = `#cloud-config\npackages: [httpd]\nruncmd:\n  - [systemctl, start, httpd]\n  - ${signal}\n`;
    expect(kinds(config)).toEqual(['packages', 'spends', 'service', 'signal']);
    const mime = `Content-Type: multipart/mixed; boundary="==B=="\nMIME-Version: 1.0\n\n--==B==\nContent-Type: text/cloud-config\n\n${config}\n--==B==\nContent-Type: text/x-shellscript\n\n#!/bin/bash\n${signal}\n--==B==--\n`;
    expect(signals(mime)).toHaveLength(2);
  });

  it('on Windows is read for the helper scripts', () => {
    const script = `<script>\nmkdir C:\\x\ncfn-init.exe -v ${STACK} --configsets default\ncfn-signal.exe -e %errorlevel% ${STACK}\n</script>`;
    expect(signals(script, () => ({ status: 1 }))).toEqual(['FAILURE Web']);
  });
});
