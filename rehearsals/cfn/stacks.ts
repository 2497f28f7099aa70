// Stacks as rehearsals make, change and look at them.

import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import type { Stack, StackEvent, UpdateStackCommandInput } from '@aws-sdk/client-cloudformation';
import type { Scene } from 'sandtable';

const HOUR = 3_600_000;
const CAPABILITIES = { Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'] } as const;

/** What a template has besides its format. */
export interface TemplateParts {
  readonly Parameters?: object;
  readonly Resources: object;
  readonly Outputs?: object;
}

/** The stack as it is, or nothing. */
export async function stackOf(scene: Scene, StackName: string): Promise<Stack | undefined> {
  const client = scene.aws.client(CloudFormationClient);
  const asked = client.send(new DescribeStacksCommand({ StackName }));
  return asked.then(
    ({ Stacks }) => Stacks?.[0],
    (error: Error) => {
      if (error.message.includes('does not exist')) return undefined;
      throw error;
    },
  );
}

/** Waits until nothing goes on with the stack, and returns its status. */
export async function settled(scene: Scene, name: string, withinMs: number = 4 * HOUR): Promise<string> {
  return scene.clock.until(
    async () => {
      const status = (await stackOf(scene, name))?.StackStatus ?? 'DELETE_COMPLETE';
      return status.endsWith('_IN_PROGRESS') ? undefined : status;
    },
    { within: withinMs },
  );
}

/** Creates a stack and waits for what comes of it. */
export async function create(scene: Scene, StackName: string, template: TemplateParts): Promise<string> {
  await start(scene, StackName, template);
  return settled(scene, StackName);
}

/** Creates a stack without waiting for it. */
export async function start(scene: Scene, StackName: string, template: TemplateParts): Promise<void> {
  const input = {
    StackName,
    TemplateBody: JSON.stringify(template),
    Capabilities: [...CAPABILITIES.Capabilities],
  };
  await scene.aws.client(CloudFormationClient).send(new CreateStackCommand(input));
}

/** Changes a stack and waits for what comes of it. */
/** Changes a stack and waits for what comes of it. What CloudFormation refuses is its answer. */
export async function update(
  scene: Scene,
  StackName: string,
  template: TemplateParts,
  options: Partial<UpdateStackCommandInput> = {},
): Promise<string> {
  const input = {
    StackName,
    TemplateBody: JSON.stringify(template),
    Capabilities: [...CAPABILITIES.Capabilities],
    ...options,
  };
  const asked = scene.aws.client(CloudFormationClient).send(new UpdateStackCommand(input));
  const refused = await asked.then(
    () => undefined,
    (error: Error) => {
      if (error.name !== 'ValidationError') throw error;
      return error.message;
    },
  );
  return refused ?? settled(scene, StackName);
}

export async function remove(scene: Scene, StackName: string): Promise<string> {
  await scene.aws.client(CloudFormationClient).send(new DeleteStackCommand({ StackName }));
  return settled(scene, StackName);
}

export async function outputsOf(scene: Scene, name: string): Promise<Record<string, string>> {
  const { Outputs = [] } = (await stackOf(scene, name)) ?? {};
  return Object.fromEntries(Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
}

/** Events of a stack by name or id, oldest first; none of one that is gone. */
export async function eventsOf(scene: Scene, StackName: string): Promise<StackEvent[]> {
  if (!(await stackOf(scene, StackName))) return [];
  const client = scene.aws.client(CloudFormationClient);
  const found: StackEvent[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new DescribeStackEventsCommand({ StackName, NextToken }));
    found.push(...(page.StackEvents ?? []));
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  return found.toReversed();
}

/** `logical id status reason`, oldest first; names and ids that differ from run to run are left to the reasons. */
export async function chronicle(scene: Scene, name: string): Promise<string[]> {
  return (await eventsOf(scene, name)).map(
    ({ LogicalResourceId = '', ResourceStatus = '', ResourceStatusReason = '' }) =>
      `${LogicalResourceId} ${ResourceStatus} ${ResourceStatusReason}`.trimEnd(),
  );
}
