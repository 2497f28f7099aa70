// What a definition of a stack says in its surroundings: its template read, its functions evaluated against what stands.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Principal } from '#cloud/principal.ts';
import { REQUEST } from '../responses.ts';
import { exports, resourceKey, resources } from '../rows.ts';
import type { Definition, Resource, Stack } from '../rows.ts';
import { Evaluation } from '../template/evaluation.ts';
import type { Around, Pseudo } from '../template/evaluation.ts';
import { templateOf } from '../template/read.ts';
import type { Fields, Template, Value } from '../template/template.ts';
import { isProperty } from './attribute-names.ts';
import { dynamicReference } from './dynamic-references.ts';
import { asStack } from './principal.ts';

/** Templates that stay read in memory: a pure function of their bytes. */
const MOST_KEPT = 64;
const kept = new Map<string, Template>();

/** The processed template of a blob. */
export function templateIn(ctx: Ctx, processedBlob: string): Template {
  const known = kept.get(processedBlob);
  if (known) return known;
  const template = templateOf(JSON.parse(new TextDecoder().decode(ctx.blob(processedBlob))) as Fields);
  if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value as string);
  kept.set(processedBlob, template);
  return template;
}

/** What `Ref` and `Fn::GetAtt` find. */
export interface Standing {
  readonly ref: Value;
  attribute(name: string): Value | undefined;
}

export function pseudoOf(
  ctx: Ctx,
  stack: Pick<Stack, 'id' | 'name'>,
  notificationArns: readonly string[],
): Pseudo {
  return {
    account: ctx.account,
    region: ctx.region,
    partition: 'aws',
    urlSuffix: 'amazonaws.com',
    stackName: stack.name,
    stackId: stack.id,
    notificationArns,
  };
}

/** A stack's template, evaluated. Remembers which exports it was asked for. */
export class Plan {
  readonly template: Template;
  readonly evaluation: Evaluation;
  readonly imported: Set<string> = new Set();

  constructor(
    ctx: Ctx,
    stack: Stack,
    definition: Definition = stack.definition,
    standing: (logicalId: string) => Standing | undefined = (logicalId) =>
      standingResource(ctx, stack, logicalId),
    missingExport: (name: string) => Value = (name) => {
      throw new Fault('ValidationError', `No export named ${name} found`);
    },
  ) {
    this.template = templateIn(ctx, definition.processedBlob);
    const around: Around = {
      ...pseudoOf(ctx, stack, definition.notificationArns),
      parameters: definition.parameters,
      resource: standing,
      importValue: (name) => this.#import(ctx, name) ?? missingExport(name),
      zones: (region) => zonesOf(ctx.in({ region }), asStack(ctx, stack)),
      dynamicReference: (service, text) => dynamicReference(ctx, asStack(ctx, stack), service, text),
    };
    this.evaluation = new Evaluation(this.template, around);
  }

  /** Properties of a resource with all functions evaluated; dynamic references stand until the resource is made. */
  properties(logicalId: string): Fields {
    const declared = this.template.resources[logicalId];
    if (!declared) throw new Error(`The template has no resource ${logicalId}.`);
    return (this.evaluation.value(declared.properties) ?? {}) as Fields;
  }

  #import(ctx: Ctx, name: string): Value | undefined {
    const found = ctx.get(exports, name);
    if (found) this.imported.add(name);
    return found?.value;
  }
}

function standingResource(ctx: Ctx, stack: Stack, logicalId: string): Standing | undefined {
  const row = ctx.get(resources, resourceKey(stack.id, logicalId));
  return row && standingRow(row);
}

function standingRow(row: Resource): Standing | undefined {
  if (row.physicalId === undefined || row.gone) return undefined;
  return { ref: refOf(row), attribute: (name) => attributeOf(row, name) };
}

/** `Ref` is the physical id, but for types whose provider says otherwise with an attribute of this name. */
export const REF = 'Ref';

function refOf({ physicalId = '', attributes }: Resource): Value {
  return attributes[REF] ?? physicalId;
}

/** Attributes may be reached into: `Endpoint.Address`. */
export function attributeOf(row: Resource, name: string): Value | undefined {
  const { attributes, stackId, logicalId, type } = row;
  if (Object.hasOwn(attributes, name)) return attributes[name];
  if (isProperty(type, name)) return row.properties[name];
  if (!type.startsWith('Custom::') && type !== 'AWS::CloudFormation::CustomResource') return undefined;
  const place = `${stackId}|${logicalId}|${String(attributes[REQUEST] ?? '')}`;
  const missing = `Vendor response doesn't contain ${name} attribute in object ${place}`;
  throw new Fault('ValidationError', `CustomResource attribute error: ${missing}`);
}

function zonesOf(ctx: Ctx, as: Principal): readonly string[] {
  const outcome = ctx.call('ec2', 'DescribeAvailabilityZones', {}, as);
  if (!outcome.ok) throw outcome.fault;
  return (outcome.output.AvailabilityZones ?? []).map(({ ZoneName = '' }) => ZoneName);
}
