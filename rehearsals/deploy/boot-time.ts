// How soon a new instance serves: one that installs everything when it boots, and one from an image of an instance on which
// that was done before. https://docs.aws.amazon.com/autoscaling/ec2/userguide/create-launch-template.html

import { AutoScalingClient, SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import { CreateImageCommand, DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { availability, deployment, expectation, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { create, outputsOf, remove } from '../cfn/stacks.ts';
import type { TemplateParts } from '../cfn/stacks.ts';
import { activities, between, healthyTargets, versionsSince } from '../looks.ts';
import { defaultNetwork } from './foundations.ts';
import type { Network } from './foundations.ts';
import { healthy, MINUTE } from './web-fleet.ts';
import { AMAZON_LINUX, attribute, manifest, ref, script, webStack } from './web-stack.ts';

const SIZE = 2;
const SETUP = [
  'dnf update -y',
  'dnf install -y nodejs git gcc make ImageMagick poppler-utils',
  'npm install --global web',
  'systemctl enable --now web',
];
const SIGNAL = '/opt/aws/bin/cfn-signal --exit-code $? --stack builder --resource Builder --region us-east-1';

/** A fleet that stands, by what its stack says of it. */
interface Fleet {
  readonly host: string;
  readonly group: string;
  readonly targets: string;
}

interface Stage {
  readonly setUp: Fleet;
  readonly baked: Fleet;
}

/** An instance that tells its stack when it is set up. */
function builder({ vpcId, subnetIds }: Network): TemplateParts {
  return {
    Resources: {
      Group: {
        Type: 'AWS::EC2::SecurityGroup',
        Properties: { GroupDescription: 'Nobody gets in', VpcId: vpcId },
      },
      Builder: {
        Type: 'AWS::EC2::Instance',
        CreationPolicy: { ResourceSignal: { Timeout: 'PT30M' } },
        Properties: {
          ImageId: AMAZON_LINUX,
          InstanceType: 'm6i.large',
          SubnetId: subnetIds[0],
          SecurityGroupIds: [attribute('Group', 'GroupId')],
          UserData: { 'Fn::Base64': script(manifest({ version: 'v1' }), [...SETUP, SIGNAL]) },
        },
      },
    },
    Outputs: { Builder: { Value: ref('Builder') } },
  };
}

/** Makes an image of an instance that is set up, and lets the instance go. */
async function bake(scene: Scene, network: Network): Promise<string> {
  const ec2 = scene.aws.client(EC2Client);
  await create(scene, 'builder', builder(network));
  const { Builder = '' } = await outputsOf(scene, 'builder');
  const { ImageId = '' } = await ec2.send(new CreateImageCommand({ InstanceId: Builder, Name: 'web-v1' }));
  await scene.clock.until(
    async () => {
      const { Images: [image] = [] } = await ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId] }));
      return image?.State === 'available';
    },
    { within: 30 * MINUTE, what: 'The image' },
  );
  await remove(scene, 'builder');
  return ImageId;
}

async function raise(scene: Scene, network: Network, stack: string, machine: object): Promise<Fleet> {
  await create(scene, stack, webStack(network, { machine, size: SIZE }));
  const { Host: host = '', Group: group = '', Targets: targets = '' } = await outputsOf(scene, stack);
  await healthy(scene, targets, SIZE);
  return { host, group, targets };
}

async function prepare(scene: Scene): Promise<Stage> {
  const network = await defaultNetwork(scene);
  const ImageId = await bake(scene, network);
  const UserData = { 'Fn::Base64': script(manifest({ version: 'v1' }), SETUP) };
  return {
    setUp: await raise(scene, network, 'set-up', { UserData }),
    baked: await raise(scene, network, 'baked', { ImageId }),
  };
}

/** Adds an instance to a group; seconds until Auto Scaling says that it is in service, and until it serves. */
async function grow(scene: Scene, { group, targets }: Fleet): Promise<[inService: number, serves: number]> {
  const input = { AutoScalingGroupName: group, DesiredCapacity: SIZE + 1 };
  await scene.aws.client(AutoScalingClient).send(new SetDesiredCapacityCommand(input));
  await scene.clock.until(async () => (await healthyTargets(scene, targets)).length > SIZE, {
    within: 60 * MINUTE,
    every: 1000,
    what: 'One more healthy target',
  });
  const [launch] = await activities(scene, group);
  const since = (at: unknown): number => Math.round((Number(at) - Number(launch?.StartTime)) / 1000);
  return [since(launch?.EndTime), since(scene.clock.now)];
}

async function compare(scene: Scene, { setUp, baked }: Stage): Promise<Ending> {
  const serve = (host: string): string =>
    scene.traffic.start({ host, port: 80, path: '/', ratePerSecond: 60, resolution: 'binned' });
  const load = serve(baked.host);
  serve(setUp.host);
  await scene.clock.sleep(MINUTE);
  const startedAt = scene.clock.now;
  const [bakedInService, bakedServes] = await grow(scene, baked);
  const [setUpInService, setUpServes] = await grow(scene, setUp);
  const endedAt = scene.clock.now;
  await scene.clock.sleep(MINUTE);
  return {
    ended: 'measured',
    startedAt,
    endedAt,
    facts: {
      bakedInService,
      setUpInService,
      bakedServes,
      setUpServes,
      versionsOfImage: versionsSince(scene.traffic.measured(load).series, 0),
    },
  };
}

const FOUND =
  'OpsWorks ended in May 2024; among instances that Auto Scaling launches, one from a prebaked image serves sooner than one that ' +
  'user data sets up, by the time that the installation takes, while Auto Scaling has both in service as soon as they run';

export default rehearsal<Stage>({
  title: 'A prebaked image against setting up at boot',
  claim: { id: 'deploy/boot-time', verdict: `corrected: ${FOUND}` },
  prepare,
  run: compare,
  expect: [
    deployment.endedAs('measured'),
    between('bakedInService', 10, 40),
    between('setUpInService', 10, 40),
    between('bakedServes', 30, 90),
    expectation('setting up takes half a minute longer at least', ({ facts }) => ({
      passed: Number(facts['setUpServes']) >= Number(facts['bakedServes']) + 30,
      found: `${String(facts['setUpServes'])} s against ${String(facts['bakedServes'])} s`,
    })),
    fact('versionsOfImage', ['v1']),
    availability.atLeast(1),
  ],
});
