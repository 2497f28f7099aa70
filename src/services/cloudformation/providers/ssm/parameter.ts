// AWS::SSM::Parameter.

import type { Input } from '#cloud/contracts.ts';
import { physicalName } from '../../engine/names.ts';
import { without } from '../policy-document.ts';
import { handlerFailure, provider, ResourceFailure } from '../provider.ts';
import type { Progress, Provider, Work } from '../provider.ts';

type Parameter = Work<'AWS::SSM::Parameter'>;
type Put = Input<'ssm', 'PutParameter'>;

const LONGEST = 1011;
/** How long an image behind a parameter may take to be found. */
const VALIDATION_MS = 300_000;

function checkType({ logicalId, properties }: Parameter): void {
  if (properties.Type === 'String' || properties.Type === 'StringList') return;
  throw new ResourceFailure(
    `Properties validation failed for resource ${logicalId} with message:\n` +
      `#/Type: ${properties.Type} is not a valid enum value`,
    'InvalidRequest',
  );
}

/** The template's tags over those of the stack. This type takes its tags as a map. */
function tagsOf(work: Parameter): { Key: string; Value: string }[] {
  return work.tags(Object.entries(work.properties.Tags ?? {}).map(([Key, Value]) => ({ Key, Value })));
}

function definitionOf({ properties }: Parameter): Pick<Put, 'Value' | 'Type' | 'Tier' | 'DataType'> {
  const { Value, Type, Tier, DataType } = properties;
  return { Value, Type: Type as Put['Type'], Tier: Tier as Put['Tier'], DataType };
}

export const parameter: Provider = provider({
  type: 'AWS::SSM::Parameter',
  create(work) {
    checkType(work);
    const { Description, AllowedPattern, Policies } = work.properties;
    const { ctx, logicalId } = work;
    // AWS leaves out the stack's name: "CFN-MyParameter-ywXNmT4uRH69".
    const Name = work.properties.Name ?? physicalName(ctx, 'CFN', logicalId, { longest: LONGEST });
    work.call('ssm', 'PutParameter', {
      Name,
      ...definitionOf(work),
      Description,
      AllowedPattern,
      Policies,
      Tags: tagsOf(work),
    });
    return Name;
  },
  /** Systems Manager first looks whether there is such an image. */
  stands(work): Progress {
    const { DataType = 'text', Value } = work.properties;
    if (DataType === 'text') return 'done';
    const found = work.find('ssm', 'GetParameter', { Name: work.physicalId })?.Parameter;
    if (found?.Value === Value) return 'done';
    if (work.ctx.now < work.startedAt + VALIDATION_MS) return { again: 0 };
    throw handlerFailure(work, `The image ${Value} could not be validated.`, 'NotStabilized');
  },
  update(work) {
    checkType(work);
    const { previous, physicalId: Name } = work;
    const { Description, AllowedPattern, Policies } = work.properties;
    work.call('ssm', 'PutParameter', {
      Name,
      ...definitionOf(work),
      Description: Description ?? (previous?.Description === undefined ? undefined : ''),
      AllowedPattern: AllowedPattern ?? (previous?.AllowedPattern === undefined ? undefined : ''),
      Policies: Policies ?? (previous?.Policies === undefined ? undefined : '[]'),
      Overwrite: true,
    });
    const resource = { ResourceType: 'Parameter', ResourceId: Name } as const;
    work.call('ssm', 'AddTagsToResource', { ...resource, Tags: tagsOf(work) });
    const kept = tagsOf(work).map(({ Key }) => Key);
    const TagKeys = without(Object.keys(previous?.Tags ?? {}), kept);
    if (TagKeys.length > 0) work.call('ssm', 'RemoveTagsFromResource', { ...resource, TagKeys });
  },
  delete(work) {
    work.find('ssm', 'DeleteParameter', { Name: work.physicalId });
  },
  attributes({ ctx, physicalId, properties }) {
    const { Type, Value } = properties;
    return { Type, Value, Arn: ctx.arn('ssm', `parameter/${physicalId.replace(/^\//, '')}`) };
  },
  read(work) {
    const Name = work.physicalId;
    const found = work.find('ssm', 'GetParameter', { Name })?.Parameter;
    if (!found) return undefined;
    const { Parameters = [] } = work.call('ssm', 'DescribeParameters', {
      ParameterFilters: [{ Key: 'Name', Option: 'Equals', Values: [Name] }],
    });
    const { Description, AllowedPattern, Tier } = Parameters[0] ?? {};
    return {
      Name,
      Type: found.Type ?? '',
      Value: found.Value ?? '',
      DataType: found.DataType ?? 'text',
      Description,
      AllowedPattern,
      Tier,
    };
  },
});
