// Stacks that wait for their machines: CloudFormation, EC2 and Auto Scaling on one side, user data with CloudFormation's helper
// scripts on the other.

import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  SetDesiredCapacityCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  DescribeImagesCommand,
  DescribeSubnetsCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  DescribeInstanceHealthCommand,
  ElasticLoadBalancingClient,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { beforeEach, describe, expect, it } from 'vitest';
import { applicationOn } from '#workloads/application.ts';
import type { Application } from '#workloads/application.ts';
import { ProviderStand } from '../../src/services/cloudformation/providers/test-stand.ts';
import type { TemplateParts } from '../../src/services/cloudformation/providers/test-stand.ts';
import { machineRows } from '#workloads/modelled/machine-rows.ts';

const MINUTE = 60_000;

const call = (name: string, resource: string, more: string): string =>
  `/opt/aws/bin/${name} ${more} --stack \${AWS::StackName} --resource ${resource} --region \${AWS::Region}\n`;
const sub = (script: string): object => ({ 'Fn::Base64': { 'Fn::Sub': script } });

const initAndSignal = (resource: string, of: string = resource): object =>
  sub(`#!/bin/bash\n${call('cfn-init', of, '-v')}${call('cfn-signal', resource, '-e $?')}`);

const webServer = (more: object = {}, files: object = {}): object => ({
  'AWS::CloudFormation::Init': {
    config: {
      packages: { yum: { httpd: [] } },
      files: { '/var/www/html/index.html': { content: 'Hello' }, ...files },
      services: { systemd: { httpd: { enabled: true, ensureRunning: true }, ...more } },
    },
  },
});

let stand: ProviderStand;
let imageId: string;
let subnetIds: string[];

beforeEach(async () => {
  stand = new ProviderStand();
  const ec2 = stand.table.client(EC2Client);
  const { Images = [] } = await ec2.send(
    new DescribeImagesCommand({
      Owners: ['amazon'],
      Filters: [{ Name: 'architecture', Values: ['x86_64'] }],
    }),
  );
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  imageId = Images[0]?.ImageId ?? '';
  subnetIds = Subnets.map(({ SubnetId = '' }) => SubnetId).slice(0, 2);
});

/** A stack with one instance `Web` that has to signal. */
function instance(UserData: object, more: object = {}, resources: object = {}): TemplateParts {
  return {
    Resources: {
      Web: {
        Type: 'AWS::EC2::Instance',
        CreationPolicy: { ResourceSignal: { Timeout: 'PT10M' } },
        Properties: { ImageId: imageId, InstanceType: 't3.micro', UserData },
        ...more,
      },
      ...resources,
    },
  };
}

function application(instanceId: string | undefined, port: number = 80): Application | undefined {
  return stand.table.read((ctx) => applicationOn(ctx, instanceId ?? '', port));
}

async function web(): Promise<string> {
  return (await stand.physicalIds())['Web'] ?? '';
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-creationpolicy.html
describe('a stack whose instance has to signal', () => {
  it('stands once cfn-init has set up the machine and cfn-signal has said so', async () => {
    expect(await stand.create(instance(initAndSignal('Web'), { Metadata: webServer() }))).toBe(
      'CREATE_COMPLETE',
    );
    const id = await web();
    expect(await stand.events()).toContain(
      `Web CREATE_IN_PROGRESS Received SUCCESS signal with UniqueId ${id}`,
    );
    expect(application(id)).toMatchObject({ state: 'up', version: 'httpd', healthPath: '/' });
  });

  it('fails where cfn-init finds no such configset', async () => {
    const script = sub(
      `#!/bin/bash\n${call('cfn-init', 'Web', '-c full_install')}${call('cfn-signal', 'Web', '-e $?')}`,
    );
    expect(await stand.create(instance(script, { Metadata: webServer() }))).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toMatch(
      /^Web CREATE_FAILED Received FAILURE signal with UniqueId i-[0-9a-f]{17}$/,
    );
  });

  it('waits in vain where the machine has no way to CloudFormation', async () => {
    const resources = {
      Vpc: {
        Type: 'AWS::EC2::VPC',
        Properties: { CidrBlock: '10.1.0.0/16', EnableDnsSupport: true, EnableDnsHostnames: true },
      },
      Private: {
        Type: 'AWS::EC2::Subnet',
        Properties: { VpcId: { Ref: 'Vpc' }, CidrBlock: '10.1.0.0/24' },
      },
    };
    const Properties = {
      ImageId: imageId,
      InstanceType: 't3.micro',
      SubnetId: { Ref: 'Private' },
      UserData: initAndSignal('Web'),
    };
    const template = instance({}, { Metadata: webServer(), Properties }, resources);
    expect(await stand.create(template)).toBe('ROLLBACK_COMPLETE');
    expect(await stand.failures()).toContain(
      'Web CREATE_FAILED Failed to receive 1 resource signal(s) within the specified duration',
    );
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html
  it('is signalled through an interface endpoint without any way to the internet', async () => {
    const resources = {
      Vpc: {
        Type: 'AWS::EC2::VPC',
        Properties: { CidrBlock: '10.1.0.0/16', EnableDnsSupport: true, EnableDnsHostnames: true },
      },
      Private: {
        Type: 'AWS::EC2::Subnet',
        Properties: { VpcId: { Ref: 'Vpc' }, CidrBlock: '10.1.0.0/24' },
      },
      Inside: {
        Type: 'AWS::EC2::SecurityGroup',
        Properties: {
          GroupDescription: 'from the VPC',
          VpcId: { Ref: 'Vpc' },
          SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '10.1.0.0/16' }],
        },
      },
      Endpoint: {
        Type: 'AWS::EC2::VPCEndpoint',
        Properties: {
          VpcId: { Ref: 'Vpc' },
          ServiceName: 'com.amazonaws.us-east-1.cloudformation',
          VpcEndpointType: 'Interface',
          PrivateDnsEnabled: true,
          SubnetIds: [{ Ref: 'Private' }],
          SecurityGroupIds: [{ Ref: 'Inside' }],
        },
      },
    };
    const Properties = {
      ImageId: imageId,
      InstanceType: 't3.micro',
      SubnetId: { Ref: 'Private' },
      UserData: sub(`#!/bin/bash -x\ndate > /tmp/datefile\n${call('cfn-signal', 'Web', '-e $?')}`),
    };
    const template = instance({}, { DependsOn: 'Endpoint', Properties }, resources);
    expect(await stand.create(template)).toBe('CREATE_COMPLETE');
  });

  it('takes signals of its own instances only', async () => {
    const signal = call('cfn-signal', 'Web', '-e 0').replace('${AWS::StackName}', 'shop');
    const script = `#!/bin/bash\nsleep 30\n${signal.replace('${AWS::Region}', 'us-east-1')}`;
    const run = { ImageId: imageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;
    const { Instances = [] } = await stand.table
      .client(EC2Client)
      .send(new RunInstancesCommand({ ...run, UserData: btoa(script) }));
    await stand.create(instance(sub('#!/bin/bash\n')));
    expect((await stand.failures())[0]).toContain('Failed to receive 1 resource signal(s)');
    const stranger = stand.table.read((ctx) => ctx.get(machineRows, Instances[0]?.InstanceId ?? ''));
    expect(stranger?.problem).toMatch(/^cfn-signal: AccessDenied: /);
  });

  it('fails where user data says that its setup does', async () => {
    const script = `#!/bin/bash\n# sandtable.yml:\n#   application: none\n#   hooks: { ./setup.sh: { seconds: 30, exit: 1 } }\n./setup.sh\n${call('cfn-signal', 'Web', '-e $?')}`;
    expect(await stand.create(instance(sub(script)))).toBe('ROLLBACK_COMPLETE');
  });
});

describe('a wait condition', () => {
  const waits = (script: string): TemplateParts =>
    instance(
      { 'Fn::Base64': { 'Fn::Sub': script } },
      { CreationPolicy: undefined },
      {
        Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
        Wait: {
          Type: 'AWS::CloudFormation::WaitCondition',
          DependsOn: 'Web',
          Properties: { Handle: { Ref: 'Handle' }, Timeout: '600' },
        },
      },
    );

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
  it('is met by cfn-signal and by curl, with what they hand over', async () => {
    const signal = "#!/bin/bash\nyum install -y httpd\n/opt/aws/bin/cfn-signal -e 0 -d ready '${Handle}'\n";
    const template = waits(signal);
    const Outputs = { Data: { Value: { 'Fn::GetAtt': ['Wait', 'Data'] } } };
    expect(await stand.create({ ...template, Outputs })).toBe('CREATE_COMPLETE');
    expect((await stand.outputs())['Data']).toBe(`{"${await web()}":"ready"}`);
  });

  it('fails by what curl puts', async () => {
    const body = '{"Status":"FAILURE","UniqueId":"web","Data":"","Reason":"no disk"}';
    const script = `#!/bin/bash\ncurl -X PUT -H 'Content-Type:' --data-binary '${body}' "\${Handle}"\n`;
    expect(await stand.create(waits(script))).toBe('ROLLBACK_COMPLETE');
    expect(await stand.failures()).toContain(
      "Wait CREATE_FAILED WaitCondition received failed message: 'no disk' for uniqueId: web",
    );
  });
});

describe('a group', () => {
  it('stands once each of its instances has signalled', async () => {
    const scaling = stand.table.client(AutoScalingClient);
    const states = async (): Promise<(string | undefined)[]> => {
      const { AutoScalingGroups = [] } = await scaling.send(new DescribeAutoScalingGroupsCommand({}));
      const ids = AutoScalingGroups[0]?.Instances?.map(({ InstanceId }) => InstanceId) ?? [];
      return ids.map((id) => application(id)?.state);
    };
    const template = {
      Resources: {
        Machine: {
          Type: 'AWS::EC2::LaunchTemplate',
          Metadata: webServer(),
          Properties: {
            LaunchTemplateData: {
              ImageId: imageId,
              InstanceType: 't3.micro',
              UserData: initAndSignal('Web', 'Machine'),
            },
          },
        },
        Web: {
          Type: 'AWS::AutoScaling::AutoScalingGroup',
          CreationPolicy: { ResourceSignal: { Count: 3, Timeout: 'PT15M' } },
          Properties: {
            MinSize: '3',
            MaxSize: '4',
            VPCZoneIdentifier: subnetIds,
            LaunchTemplate: {
              LaunchTemplateId: { Ref: 'Machine' },
              Version: { 'Fn::GetAtt': ['Machine', 'LatestVersionNumber'] },
            },
          },
        },
      },
    };
    expect(await stand.create(template)).toBe('CREATE_COMPLETE');
    expect(await states()).toEqual(['up', 'up', 'up']);
    const signals = (await stand.events()).filter((event) => event.includes('Received SUCCESS signal'));
    expect(signals).toHaveLength(3);
    // Later ones signal in vain, and serve all the same.
    const AutoScalingGroupName = (await stand.physicalIds())['Web'] ?? '';
    await scaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 4 }));
    stand.table.advance(5 * MINUTE);
    expect(await states()).toEqual(['up', 'up', 'up', 'up']);
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/cfn-hup.html
describe('cfn-hup', () => {
  const conf = {
    content: { 'Fn::Sub': '[main]\nstack=${AWS::StackId}\nregion=${AWS::Region}\ninterval=5\n' },
  };
  const hook = {
    content: {
      'Fn::Sub':
        '[reload]\ntriggers=post.update\npath=Resources.Web.Metadata.AWS::CloudFormation::Init\n' +
        `action=${call('cfn-init', 'Web', '-v')}runas=root\n`,
    },
  };
  const template = (version: string): TemplateParts =>
    instance(initAndSignal('Web'), {
      Metadata: webServer(
        { 'cfn-hup': { enabled: true, ensureRunning: true, files: ['/etc/cfn/cfn-hup.conf'] } },
        {
          '/etc/cfn/cfn-hup.conf': conf,
          '/etc/cfn/hooks.d/reload.conf': hook,
          '/opt/web/sandtable.yml': { content: `version: ${version}\napplication: { port: 8080 }\n` },
        },
      ),
    });

  it('runs cfn-init again at its next turn after the metadata have changed', async () => {
    expect(await stand.create(template('v1'))).toBe('CREATE_COMPLETE');
    const id = await web();
    stand.table.advance(MINUTE);
    expect(application(id, 8080)?.version).toBe('v1');
    stand.table.advance(60 * MINUTE);
    expect(await stand.update(template('v2'))).toBe('UPDATE_COMPLETE');
    expect(await web()).toBe(id);
    const taken = stand.table.until((ctx) => applicationOn(ctx, id, 8080)?.version === 'v2', 6 * MINUTE);
    expect(taken).toBeGreaterThan(0);
    stand.table.advance(MINUTE);
    expect(application(id, 8080)).toMatchObject({ version: 'v2', state: 'up' });
  });

  it('costs nothing while its stack stays as it is', async () => {
    await stand.create(template('v1'));
    stand.table.advance(30 * MINUTE);
    const before = stand.table.world.position;
    stand.table.advance(24 * 60 * MINUTE);
    expect(stand.table.world.position - before).toBeLessThan(5);
  });
});

/** A role for instances that may do these things. */
const role = (...actions: string[]): object => ({
  Role: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      },
      Policies: [
        {
          PolicyName: 'machine',
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
          },
        },
      ],
    },
  },
  Profile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [{ Ref: 'Role' }] } },
});

const open: object = {
  Open: {
    Type: 'AWS::EC2::SecurityGroup',
    Properties: {
      GroupDescription: 'web',
      SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '0.0.0.0/0' }],
    },
  },
};

const ofGroup = (script: string, properties: object, resources: object): TemplateParts => ({
  Resources: {
    Machine: {
      Type: 'AWS::EC2::LaunchTemplate',
      Properties: {
        LaunchTemplateData: {
          ImageId: imageId,
          InstanceType: 't3.micro',
          SecurityGroupIds: [{ 'Fn::GetAtt': ['Open', 'GroupId'] }],
          IamInstanceProfile: { Arn: { 'Fn::GetAtt': ['Profile', 'Arn'] } },
          UserData: sub(script),
        },
      },
    },
    Web: {
      Type: 'AWS::AutoScaling::AutoScalingGroup',
      CreationPolicy: { ResourceSignal: { Count: 2, Timeout: 'PT15M' } },
      Properties: {
        MinSize: '2',
        MaxSize: '2',
        VPCZoneIdentifier: subnetIds,
        LaunchTemplate: {
          LaunchTemplateId: { Ref: 'Machine' },
          Version: { 'Fn::GetAtt': ['Machine', 'LatestVersionNumber'] },
        },
        ...properties,
      },
    },
    ...open,
    ...resources,
  },
});

const ID = '$(curl -s http://169.254.169.254/latest/meta-data/instance-id)';
const SERVES = '#!/bin/bash\nyum install -y httpd\nsystemctl enable --now httpd\n';

// The loop of AWS's sample of a rolling update with a Classic Load Balancer.
// https://github.com/aws-cloudformation/aws-cloudformation-templates/blob/main/AutoScaling/AutoScalingRollingUpdates.yaml
describe('a group whose machines wait for their load balancer', () => {
  const script = `${SERVES}until [ "$state" == "\\"InService\\"" ]; do state=$(aws --region \${AWS::Region} elb describe-instance-health --load-balancer-name \${Front} --instances ${ID} --query InstanceStates[0].State); sleep 10; done\n${call('cfn-signal', 'Web', '-e $?')}`;
  const front = {
    Front: {
      Type: 'AWS::ElasticLoadBalancing::LoadBalancer',
      Properties: {
        Subnets: [] as string[],
        SecurityGroups: [{ 'Fn::GetAtt': ['Open', 'GroupId'] }],
        Listeners: [{ LoadBalancerPort: '80', InstancePort: '80', Protocol: 'HTTP' }],
        HealthCheck: {
          Target: 'HTTP:80/',
          HealthyThreshold: '3',
          UnhealthyThreshold: '5',
          Interval: '30',
          Timeout: '5',
        },
      },
    },
  };
  const classic = (...actions: string[]): TemplateParts => {
    front.Front.Properties.Subnets = subnetIds;
    return ofGroup(script, { LoadBalancerNames: [{ Ref: 'Front' }] }, { ...front, ...role(...actions) });
  };

  it('stands when they are in service', async () => {
    expect(await stand.create(classic('elasticloadbalancing:Describe*'))).toBe('CREATE_COMPLETE');
    const { InstanceStates = [] } = await stand.table
      .client(ElasticLoadBalancingClient)
      .send(new DescribeInstanceHealthCommand({ LoadBalancerName: (await stand.physicalIds())['Front'] }));
    expect(InstanceStates.map(({ State }) => State)).toEqual(['InService', 'InService']);
  });

  it('does not where their role may not ask', async () => {
    expect(await stand.create(classic('s3:GetObject'))).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain('Received 0 SUCCESS signal(s) out of 2');
  });

  // https://docs.aws.amazon.com/cli/latest/reference/elbv2/wait/target-in-service.html
  it('stands when their target group finds them healthy', async () => {
    const vpc = { VpcId: { 'Fn::GetAtt': ['Open', 'VpcId'] } };
    const resources = {
      Targets: {
        Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
        Properties: { ...vpc, Port: 80, Protocol: 'HTTP' },
      },
      Front: {
        Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
        Properties: { Subnets: subnetIds, SecurityGroups: [{ 'Fn::GetAtt': ['Open', 'GroupId'] }] },
      },
      Listener: {
        Type: 'AWS::ElasticLoadBalancingV2::Listener',
        Properties: {
          LoadBalancerArn: { Ref: 'Front' },
          Port: 80,
          Protocol: 'HTTP',
          DefaultActions: [{ Type: 'forward', TargetGroupArn: { Ref: 'Targets' } }],
        },
      },
      ...role('elasticloadbalancing:DescribeTargetHealth'),
    };
    const waits = `${SERVES}aws elbv2 wait target-in-service --region \${AWS::Region} --target-group-arn \${Targets} --targets Id=${ID},Port=80\n${call('cfn-signal', 'Web', '-e $?')}`;
    const template = ofGroup(waits, { TargetGroupARNs: [{ Ref: 'Targets' }] }, resources);
    expect(await stand.create(template)).toBe('CREATE_COMPLETE');
    const { TargetHealthDescriptions = [] } = await stand.table
      .client(ElasticLoadBalancingV2Client)
      .send(new DescribeTargetHealthCommand({ TargetGroupArn: (await stand.physicalIds())['Targets'] }));
    const states = TargetHealthDescriptions.map(({ TargetHealth }) => TargetHealth?.State);
    expect(states).toEqual(['healthy', 'healthy']);
  });
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/tutorial-lifecycle-hook-instance-metadata.html
describe('a lifecycle hook', () => {
  it('ends when user data says so', async () => {
    const script = `${SERVES}aws autoscaling complete-lifecycle-action --lifecycle-action-result CONTINUE --instance-id ${ID} --lifecycle-hook-name up --auto-scaling-group-name web --region \${AWS::Region}\n`;
    const hook = {
      LifecycleHookName: 'up',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
      DefaultResult: 'ABANDON',
      HeartbeatTimeout: 900,
    };
    const properties = { AutoScalingGroupName: 'web', LifecycleHookSpecificationList: [hook] };
    const template = ofGroup(script, properties, role('autoscaling:CompleteLifecycleAction'));
    Object.assign((template.Resources as { Web: object }).Web, { CreationPolicy: undefined });
    expect(await stand.create(template)).toBe('CREATE_COMPLETE');
    stand.table.advance(5 * MINUTE);
    const { AutoScalingGroups = [] } = await stand.table
      .client(AutoScalingClient)
      .send(new DescribeAutoScalingGroupsCommand({}));
    const states = AutoScalingGroups[0]?.Instances?.map(({ LifecycleState }) => LifecycleState);
    expect(states).toEqual(['InService', 'InService']);
  });
});

describe('an application that user data declares', () => {
  it('serves when the script that has waited for it signals', async () => {
    const script = `#!/bin/bash\n# sandtable.yml:\n#   version: v1\n#   application: { port: 80, start: 45s }\n./install.sh\nsystemctl start shop\nuntil curl -sf http://localhost/health; do sleep 5; done\n${call('cfn-signal', 'Web', '-e $?')}sleep 600\n`;
    expect(await stand.create(instance(sub(script)))).toBe('CREATE_COMPLETE');
    expect(application(await web())).toMatchObject({ version: 'v1', state: 'up' });
  });

  it('that never answers keeps its stack waiting', async () => {
    const script = `#!/bin/bash\n# sandtable.yml:\n#   application: { port: 80, health: { status: 500 } }\ndocker run -d shop\nuntil curl -sf localhost/health; do sleep 5; done\n${call('cfn-signal', 'Web', '-e $?')}`;
    expect(await stand.create(instance(sub(script)))).toBe('ROLLBACK_COMPLETE');
  });
});
