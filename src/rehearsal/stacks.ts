// Stacks, put up and changed as a user would by CloudFormation's public operations, and what is told of them.

import { Fault } from '#contract/fault.ts';
import { UserError } from '#cloud/user-error.ts';
import type { Output } from '#cloud/contracts.ts';
import type { FrontDoor } from './front-door.ts';
import type { StackEventReport } from './result.ts';

/** A stack to put up, or to change where one of that name stands. */
export interface StackRequest {
  readonly name: string;
  readonly templateBody: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  /** By a change set, as `aws cloudformation deploy` does it, instead of at once. */
  readonly changeSet: boolean;
}

/** Through which door, how time passes meanwhile, and who is told. */
export interface StackSurroundings {
  readonly door: FrontDoor;
  /** Lets `ms` of virtual time pass. */
  readonly pause: (ms: number) => Promise<void>;
  readonly happened?: (event: StackEventReport) => void;
  /** Told of what a change set will do, one line for each resource. */
  readonly planned?: (lines: readonly string[]) => void;
}

/** How a stack stands after an operation. */
export interface StackEnd {
  readonly name: string;
  readonly status: string;
  /** The template is what stood already. */
  readonly unchanged: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  /** Why it failed: first causes in order, none where it stands. */
  readonly reasons: readonly string[];
}

/** AWS takes longer templates from S3 only. */
const LONGEST_BODY = 51_200;
const TEMPLATE_BUCKET = 'sandtable-templates';

/** Between two looks at a stack (ms of virtual time). */
const LOOK_MS = 5000;
/** Longest that is waited for a stack (ms of virtual time): AWS's own limit for a rolled back update is less than that. */
const LONGEST_MS = 2 * 86_400_000;

const STANDING: ReadonlySet<string> = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'IMPORT_COMPLETE']);

/** What stands for a thing that the model lacks, in reasons and messages of ours. */
const UNMODELLED = /not modelled by Sandtable|Sandtable does not model/;

export function stands({ status }: Pick<StackEnd, 'status'>): boolean {
  return STANDING.has(status);
}

/** The reasons that name something which is not modelled. */
export function unmodelled({ reasons }: Pick<StackEnd, 'reasons'>): string[] {
  return reasons.filter((reason) => UNMODELLED.test(reason));
}

/** What a command ends with where a stack does not stand: exit code 3 where something is not modelled, else 1. */
export class StackFailed extends Error {
  constructor(end: Pick<StackEnd, 'name' | 'status' | 'reasons'>) {
    const { name, status, reasons } = end;
    super([`Stack ${name} ended as ${status}.`, ...reasons.map((reason) => `  ${reason}`)].join('\n'));
    this.name = unmodelled(end).length > 0 ? 'NotImplemented' : 'StackFailed';
    // Where in this code it was noticed helps nobody.
    this.stack = this.message;
  }
}

/** Creates or updates a stack, and waits until AWS is done with it. */
export async function putUp(request: StackRequest, around: StackSurroundings): Promise<StackEnd> {
  const { name } = request;
  const known = await find(around.door, name);
  const told = new Set((known ? await eventsOf(around.door, name) : []).map(({ id }) => id));
  const begun = await begin(request, known, around);
  if (!begun) return { ...(await endOf(around.door, name, told)), unchanged: true, reasons: [] };
  const status = await settled(around, name, told);
  const end = await endOf(around.door, name, told);
  return { ...end, status, unchanged: false };
}

/** The stack of that name; nothing where there is none. */
async function find(door: FrontDoor, name: string): Promise<StackDescription | undefined> {
  try {
    const { Stacks: [stack] = [] } = await door.call('cloudformation', 'DescribeStacks', { StackName: name });
    return stack;
  } catch (error) {
    if (error instanceof Fault && /does not exist/.test(error.message)) return undefined;
    throw error;
  }
}

type StackDescription = NonNullable<Output<'cloudformation', 'DescribeStacks'>['Stacks']>[number];

/** Starts the operation; false where there is nothing to change. */
async function begin(
  request: StackRequest,
  known: StackDescription | undefined,
  around: StackSurroundings,
): Promise<boolean> {
  const { door } = around;
  const { name, parameters, tags, capabilities } = request;
  const input = {
    StackName: name,
    ...(await templateOf(door, request)),
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    Capabilities: capabilities as NonNullable<StackDescription['Capabilities']>,
  };
  const isNew = !known || known.StackStatus === 'REVIEW_IN_PROGRESS';
  try {
    if (request.changeSet) return await byChangeSet(input, isNew ? 'CREATE' : 'UPDATE', around);
    if (isNew) await door.call('cloudformation', 'CreateStack', input);
    else
      await door.call('cloudformation', 'UpdateStack', {
        ...input,
        Parameters: withPrevious(input.Parameters, known),
      });
    return true;
  } catch (error) {
    if (error instanceof Fault && NOTHING_TO_DO.test(error.message)) return false;
    throw refusal(error, name);
  }
}

const NOTHING_TO_DO = /No updates are to be performed|didn't contain changes/;

interface Parameter {
  ParameterKey?: string | undefined;
  ParameterValue?: string;
  UsePreviousValue?: boolean;
}

/** Parameters that nobody gives keep their values. */
function withPrevious(given: readonly Parameter[], { Parameters = [] }: StackDescription): Parameter[] {
  const keys = new Set(given.map(({ ParameterKey }) => ParameterKey));
  const previous = Parameters.filter(({ ParameterKey }) => !keys.has(ParameterKey));
  return [...given, ...previous.map(({ ParameterKey }) => ({ ParameterKey, UsePreviousValue: true }))];
}

async function templateOf(
  door: FrontDoor,
  { name, templateBody }: StackRequest,
): Promise<{ TemplateBody: string } | { TemplateURL: string }> {
  const bytes = new TextEncoder().encode(templateBody);
  if (bytes.length <= LONGEST_BODY) return { TemplateBody: templateBody };
  await door.createBucket(TEMPLATE_BUCKET);
  return { TemplateURL: await door.putObject(TEMPLATE_BUCKET, `${name}.template`, bytes) };
}

async function byChangeSet(
  input: { StackName: string; Parameters: Parameter[] },
  type: 'CREATE' | 'UPDATE',
  { door, pause, planned }: StackSurroundings,
): Promise<boolean> {
  const { StackName } = input;
  const { Id: ChangeSetName = '' } = await door.call('cloudformation', 'CreateChangeSet', {
    ...input,
    ChangeSetName: `sandtable-${type.toLowerCase()}`,
    ChangeSetType: type,
  });
  for (let waited = 0; waited < LONGEST_MS; waited += LOOK_MS) {
    const set = await door.call('cloudformation', 'DescribeChangeSet', { ChangeSetName });
    if (set.Status === 'FAILED') {
      const { StatusReason = '' } = set;
      await door.call('cloudformation', 'DeleteChangeSet', { ChangeSetName });
      if (NOTHING_TO_DO.test(StatusReason)) return false;
      throw new StackFailed({ name: StackName, status: 'FAILED change set', reasons: [StatusReason] });
    }
    if (set.Status === 'CREATE_COMPLETE') {
      planned?.((set.Changes ?? []).map(changeLine));
      await door.call('cloudformation', 'ExecuteChangeSet', { ChangeSetName });
      return true;
    }
    await pause(LOOK_MS);
  }
  throw tooLate(StackName);
}

type Change = NonNullable<Output<'cloudformation', 'DescribeChangeSet'>['Changes']>[number];

function changeLine({ ResourceChange = {} }: Change): string {
  const { Action = '', LogicalResourceId = '', ResourceType = '', Replacement } = ResourceChange;
  const replaces =
    Replacement === undefined || Replacement === 'False' ? '' : `, replacement: ${Replacement}`;
  return `${Action} ${LogicalResourceId} (${ResourceType})${replaces}`;
}

/** Waits for the end of what goes on with a stack, and tells its events. */
async function settled(
  { door, pause, happened }: StackSurroundings,
  name: string,
  told: ReadonlySet<string>,
): Promise<string> {
  const seen = new Set(told);
  for (let waited = 0; waited < LONGEST_MS; waited += LOOK_MS) {
    const stack = await find(door, name);
    for (const event of await eventsOf(door, name)) {
      if (!seen.has(event.id)) happened?.(event);
      seen.add(event.id);
    }
    if (stack && !stack.StackStatus.endsWith('_IN_PROGRESS')) return stack.StackStatus;
    if (!stack) return 'DELETE_COMPLETE';
    await pause(LOOK_MS);
  }
  throw tooLate(name);
}

function tooLate(name: string): UserError {
  return new UserError(
    'stack-never-ends',
    `Stack ${name} did not come to an end within two days of AWS's time.`,
    {
      hint: 'See its events: something that it waits for never answers.',
    },
  );
}

async function endOf(
  door: FrontDoor,
  name: string,
  before: ReadonlySet<string>,
): Promise<Omit<StackEnd, 'unchanged'>> {
  const stack = await find(door, name);
  const { StackStatus: status = 'DELETE_COMPLETE', Outputs = [] } = stack ?? {};
  const outputs = Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]);
  const reasons = STANDING.has(status) ? [] : await causes(door, name, before);
  return { name, status, outputs: Object.fromEntries(outputs) as Record<string, string>, reasons };
}

/** Consequences of another failure, which say nothing by themselves. */
const CONSEQUENCE = /creation cancelled|update cancelled|following resource\(s\) failed/i;

/** First causes: what failed for a reason of its own, in nested stacks too. */
async function causes(door: FrontDoor, name: string, before: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  for (const event of await eventsOf(door, name)) {
    const { id, status, type, logicalId, physicalId, reason = '' } = event;
    const ofNested = type === 'AWS::CloudFormation::Stack' && physicalId !== event.stackId;
    if (before.has(id) || !/FAILED|ROLLBACK_IN_PROGRESS/.test(status) || reason === '') continue;
    if (ofNested && physicalId.startsWith('arn:')) found.push(...(await causes(door, physicalId, new Set())));
    else if (!CONSEQUENCE.test(reason)) found.push(`${logicalId} (${type}): ${reason}`);
  }
  return [...new Set(found)];
}

interface TracedEvent extends StackEventReport {
  readonly id: string;
  readonly stackId: string;
  readonly physicalId: string;
}

/** Events of a stack, oldest first. */
export async function eventsOf(door: FrontDoor, StackName: string): Promise<TracedEvent[]> {
  const found: TracedEvent[] = [];
  let NextToken: string | undefined;
  do {
    const page: Output<'cloudformation', 'DescribeStackEvents'> = await door.call(
      'cloudformation',
      'DescribeStackEvents',
      { StackName, ...(NextToken === undefined ? {} : { NextToken }) },
    );
    for (const event of page.StackEvents ?? []) {
      const { ResourceStatusReason: reason, EventId, StackId = '' } = event;
      found.push({
        id: EventId,
        at: event.Timestamp,
        stack: event.StackName ?? '',
        stackId: StackId,
        logicalId: event.LogicalResourceId ?? '',
        physicalId: event.PhysicalResourceId ?? '',
        type: event.ResourceType ?? '',
        status: event.ResourceStatus ?? '',
        ...(reason === undefined || reason === '' ? {} : { reason }),
      });
    }
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  return found.toReversed();
}

/** What CloudFormation says of a request that it does not take, as the user's error. */
function refusal(error: unknown, name: string): unknown {
  if (!(error instanceof Fault) || UNMODELLED.test(error.message)) return error;
  if (
    error.shape === 'InsufficientCapabilitiesException' ||
    error.message.startsWith('Requires capabilities')
  )
    return new UserError('capabilities-missing', `Stack ${name}: ${error.message}`, {
      hint: 'Acknowledge with --capabilities CAPABILITY_IAM CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND, as far as needed.',
    });
  return new UserError('stack-refused', `Stack ${name}: ${error.message} (${error.shape})`, {
    hint: 'This is what CloudFormation answers: correct the template, or its --parameters.',
  });
}

/** Nothing that a reader needs to know apart from the event itself. */
export function reportOf({ at, stack, logicalId, type, status, reason }: StackEventReport): StackEventReport {
  return { at, stack, logicalId, type, status, ...(reason === undefined ? {} : { reason }) };
}
