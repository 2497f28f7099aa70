// Rolling updates of a stack: CloudFormation replaces the instances of an Auto Scaling group in batches, as its update policy
// says. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html

import { CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { availability, capacity, deployment, expectation, fact, rehearsal } from 'sandtable';
import type { Ending, Expectation, Scene } from 'sandtable';
import { create, outputsOf, update } from '../cfn/stacks.ts';
import type { TemplateParts } from '../cfn/stacks.ts';
import { alongside, autoScalingGroup, versionsSince } from '../looks.ts';
import { defaultNetwork } from './foundations.ts';
import type { Network } from './foundations.ts';
import { healthy, MINUTE } from './web-fleet.ts';
import { manifest, saidOf, script, webStack } from './web-stack.ts';

const SIZE = 3;
const LOOK_MS = 5000;

/** Instances report that they serve; without that, CloudFormation goes by Auto Scaling's word alone. */
const SIGNALS = { WaitOnResourceSignals: true, PauseTime: 'PT5M' };

/** CloudFormation's helper scripts on an instance: what the stack says of it, and what it tells the stack. */
const OF = '--stack web --resource Servers --region us-east-1';
const INIT = `/opt/aws/bin/cfn-init ${OF}`;
const SIGNAL = `/opt/aws/bin/cfn-signal --exit-code $? ${OF}`;

interface Stage {
  readonly network: Network;
  readonly host: string;
  readonly group: string;
  /** The template with which it stands. */
  readonly before: string;
}

/** A version, as the stack says it to its instances. */
interface Wanted {
  readonly version: string;
  /** Its manifest, which cfn-init puts on the instance. */
  readonly said: readonly string[];
  /** What comes of waiting until the load balancer finds the server healthy. */
  readonly wait: string;
}

function good(version: string): Wanted {
  return { version, said: manifest({ version }), wait: '{ seconds: 45 }' };
}

/** Its server does not come up, so that nobody signals. */
const BAD: Wanted = {
  version: 'v2-bad',
  said: ['version: v2-bad', 'application: none'],
  wait: '{ hangs: true }',
};

function stack(network: Network, { version, said, wait }: Wanted, policy: object): TemplateParts {
  const files = { '/opt/web/sandtable.yml': { content: said.join('\n') } };
  const machine = [`version: ${version}`, 'application: none', `hooks: { wait-for-web: ${wait} }`];
  return webStack(network, {
    userData: script(machine, [INIT, 'wait-for-web', SIGNAL]),
    size: SIZE,
    attributes: {
      UpdatePolicy: {
        AutoScalingRollingUpdate: { MinInstancesInService: SIZE, MaxBatchSize: 1, ...policy },
      },
      Metadata: { 'AWS::CloudFormation::Init': { config: { files } } },
    },
  });
}

async function prepare(scene: Scene): Promise<Stage> {
  const network = await defaultNetwork(scene);
  const template = stack(network, good('v1'), SIGNALS);
  await create(scene, 'web', template);
  const { Host: host = '', Group: group = '', Targets = '' } = await outputsOf(scene, 'web');
  await healthy(scene, Targets, SIZE);
  return { network, host, group, before: JSON.stringify(template) };
}

/** Changes the stack under traffic, looking at the group all the while. */
async function change(scene: Scene, stage: Stage, template: TemplateParts): Promise<Ending> {
  const { host, group, before } = stage;
  const to = { host, port: 80, path: '/' };
  const load = scene.traffic.start({ ...to, ratePerSecond: 60, resolution: 'binned' });
  await scene.clock.sleep(MINUTE);
  const startedAt = scene.clock.now;
  const { result: ended, samples } = await alongside(
    scene,
    LOOK_MS,
    async () => autoScalingGroup(scene, group),
    async () => update(scene, 'web', template),
  );
  const endedAt = scene.clock.now;
  await scene.clock.sleep(3 * MINUTE);
  const { series } = scene.traffic.measured(load);
  const inService = samples.map(
    ({ seen }) => (seen?.Instances ?? []).filter((one) => one.LifecycleState === 'InService').length,
  );
  const meanwhile = series.filter(({ at }) => at > startedAt && at < endedAt);
  const { TemplateBody } = await scene.aws
    .client(CloudFormationClient)
    .send(new GetTemplateCommand({ StackName: 'web' }));
  return {
    ended,
    startedAt,
    endedAt,
    facts: {
      said: (await saidOf(scene, 'web', 'Servers', startedAt))
        .filter((said) => !/^UPDATE_IN_PROGRESS(?:$| New instance| Successfully)/.test(said))
        .map((said) => said.replace('UPDATE_IN_PROGRESS ', '')),
      fewestInService: Math.min(...inService),
      largest: Math.max(...samples.map(({ seen }) => seen?.DesiredCapacity ?? 0)),
      sizeAfter: (await autoScalingGroup(scene, group))?.DesiredCapacity,
      mixed: meanwhile.some(({ byVersion }) => Object.keys(byVersion).length > 1),
      versionsAfter: versionsSince(series, endedAt + MINUTE),
      templateIsBack: TemplateBody === before,
    },
  };
}

function initiated(obsolete: number, batch: number, waiting: string): string {
  const what = `Terminating ${obsolete} obsolete instance(s) in batches of ${batch}`;
  return `Rolling update initiated. ${what}, while keeping at least ${SIZE} instance(s) in service.${waiting}`;
}

const WAITING =
  ' Waiting on resource signals with a timeout of PT5M when new instances are added to the autoscaling group.';
const SIGNALLED = 'Received SUCCESS signal with UniqueId i';
const replaced = (by: number): string => `Terminating instance(s) [i]; replacing with ${by} new instance(s).`;
const enlarged = (to: number): string =>
  `Temporarily setting autoscaling group MinSize and DesiredCapacity to ${to}.`;

/** What CloudFormation said of the group, but for instances that came and went as it had said before. */
function course(name: string, expected: readonly string[]): Expectation {
  return expectation(name, ({ facts }) => {
    const found = JSON.stringify(facts['said']);
    return { passed: found === JSON.stringify(expected), found };
  });
}

export default rehearsal<Stage>({
  title: 'A rolling update with CloudFormation',
  claim: { id: 'deploy/rolling-cfn', verdict: 'holds' },
  prepare,
  variants: {
    'with signals': {
      run: (scene, stage) => change(scene, stage, stack(stage.network, good('v2'), SIGNALS)),
      expect: [
        deployment.endedAs('UPDATE_COMPLETE'),
        course('one is added first, and each leaves when another one has signalled', [
          initiated(SIZE, 1, WAITING),
          enlarged(SIZE + 1),
          SIGNALLED,
          replaced(1),
          SIGNALLED,
          replaced(1),
          SIGNALLED,
          replaced(0),
          'UPDATE_COMPLETE',
        ]),
        fact('fewestInService', SIZE),
        fact('largest', SIZE + 1),
        fact('sizeAfter', SIZE),
        fact('mixed', true),
        fact('versionsAfter', ['v2']),
        capacity.atLeast(SIZE),
        availability.atLeast(1),
      ],
    },
    // Auto Scaling has instances in service before their servers answer: as many as asked for, and fewer that serve.
    'without signals': {
      run: (scene, stage) => change(scene, stage, stack(stage.network, good('v2'), {})),
      expect: [
        deployment.endedAs('UPDATE_COMPLETE'),
        fact('fewestInService', SIZE),
        fact('sizeAfter', SIZE),
        fact('versionsAfter', ['v2']),
        expectation('fewer targets serve than the policy says', ({ measurement }) => ({
          passed: (measurement?.lowestServing ?? SIZE) < SIZE,
          found: String(measurement?.lowestServing),
        })),
      ],
    },
    // What was added is replaced as the previous template says, and its capacity stays: no template gives one.
    'a version that never signals': {
      run: (scene, stage) => change(scene, stage, stack(stage.network, BAD, { ...SIGNALS, MaxBatchSize: 2 })),
      expect: [
        deployment.endedAs('UPDATE_ROLLBACK_COMPLETE'),
        course('nothing leaves before the signals are missed, and the way back goes by the old policy', [
          initiated(SIZE, 2, WAITING),
          enlarged(SIZE + 2),
          'Failed to receive 2 resource signal(s) for the current batch.  Each resource signal timeout is counted as a FAILURE.',
          'UPDATE_FAILED Received 0 SUCCESS signal(s) out of 3.  Unable to satisfy 100% MinSuccessfulInstancesPercent requirement',
          initiated(2, 1, WAITING),
          replaced(1),
          SIGNALLED,
          replaced(1),
          SIGNALLED,
          'UPDATE_COMPLETE',
        ]),
        fact('templateIsBack', true),
        fact('fewestInService', SIZE),
        fact('sizeAfter', SIZE + 2),
        fact('mixed', false),
        fact('versionsAfter', ['v1']),
        capacity.atLeast(SIZE),
        availability.atLeast(1),
      ],
    },
  },
});
