// A table with one stack on it, for tests of providers.

import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStackResourceDriftsCommand,
  DescribeStacksCommand,
  DetectStackDriftCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { newTable } from '../../../../tests/table.ts';
import type { TestTable } from '../../../../tests/table.ts';

const STACK = 'shop';
const CAPABILITIES = {
  Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'],
} as const;

/** What a template has besides its format. */
export interface TemplateParts {
  readonly Parameters?: object;
  readonly Conditions?: object;
  readonly Mappings?: object;
  readonly Resources: object;
  readonly Outputs?: object;
}

export class ProviderStand {
  readonly table: TestTable;
  readonly cloudformation: CloudFormationClient;

  constructor(table: TestTable = newTable()) {
    this.table = table;
    this.cloudformation = table.client(CloudFormationClient);
  }

  /** Creates the stack and waits for an hour at most. Returns its status. */
  async create(template: TemplateParts): Promise<string> {
    const input = { StackName: STACK, TemplateBody: JSON.stringify(template) };
    await this.cloudformation.send(
      new CreateStackCommand({ ...input, Capabilities: [...CAPABILITIES.Capabilities] }),
    );
    return this.settle();
  }

  async update(template: TemplateParts): Promise<string> {
    const input = { StackName: STACK, TemplateBody: JSON.stringify(template) };
    await this.cloudformation.send(
      new UpdateStackCommand({ ...input, Capabilities: [...CAPABILITIES.Capabilities] }),
    );
    return this.settle();
  }

  /** Deletes the stack; what is left of it is its status by id. */
  async delete(): Promise<string> {
    const { Stacks = [] } = await this.cloudformation.send(new DescribeStacksCommand({ StackName: STACK }));
    const id = Stacks[0]?.StackId ?? '';
    await this.cloudformation.send(new DeleteStackCommand({ StackName: STACK }));
    return this.settle(id);
  }

  /** Lets time pass until the stack is at rest. */
  async settle(StackName: string = STACK, withinMs: number = 4 * 3_600_000): Promise<string> {
    const until = this.table.world.now + withinMs;
    for (;;) {
      const { Stacks = [] } = await this.cloudformation.send(new DescribeStacksCommand({ StackName }));
      const status = Stacks[0]?.StackStatus ?? '';
      if (!status.endsWith('_IN_PROGRESS')) return status;
      if (this.table.world.now >= until) throw new Error(`The stack is still ${status}.`);
      this.table.advance(10_000);
    }
  }

  /** Outputs by key. */
  async outputs(): Promise<Record<string, string>> {
    const { Stacks = [] } = await this.cloudformation.send(new DescribeStacksCommand({ StackName: STACK }));
    return Object.fromEntries(
      (Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    );
  }

  /** Physical ids by logical id. */
  async physicalIds(): Promise<Record<string, string>> {
    const { StackResources = [] } = await this.cloudformation.send(
      new DescribeStackResourcesCommand({ StackName: STACK }),
    );
    return Object.fromEntries(
      StackResources.map(({ LogicalResourceId = '', PhysicalResourceId = '' }) => [
        LogicalResourceId,
        PhysicalResourceId,
      ]),
    );
  }

  /** Oldest first: `logical id status reason`. */
  async events(StackName: string = STACK): Promise<string[]> {
    const { StackEvents = [] } = await this.cloudformation.send(
      new DescribeStackEventsCommand({ StackName }),
    );
    return StackEvents.toReversed().map(({ LogicalResourceId, ResourceStatus, ResourceStatusReason }) =>
      [LogicalResourceId, ResourceStatus, ResourceStatusReason]
        .filter((part) => part !== undefined)
        .join(' '),
    );
  }

  /** What drift detection says of each resource: `logical id status`, and what differs. */
  async drift(): Promise<string[]> {
    const StackName = STACK;
    await this.cloudformation.send(new DetectStackDriftCommand({ StackName }));
    this.table.advance(60_000);
    const { StackResourceDrifts = [] } = await this.cloudformation.send(
      new DescribeStackResourceDriftsCommand({ StackName }),
    );
    return StackResourceDrifts.map(
      ({ LogicalResourceId, StackResourceDriftStatus, PropertyDifferences = [] }) =>
        [
          LogicalResourceId,
          StackResourceDriftStatus,
          ...PropertyDifferences.map(({ PropertyPath }) => PropertyPath),
        ].join(' '),
    );
  }

  /** Why resources failed. */
  async failures(): Promise<string[]> {
    return (await this.events()).filter((event) => event.includes('_FAILED'));
  }
}
