// Who else may use a version of a layer: its resource policy, in which only lambda:GetLayerVersion can be allowed.
// https://docs.aws.amazon.com/lambda/latest/api/API_AddLayerVersionPermission.html; details follow recorded answers.

import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { added, documentOf, policies, principalOf, without } from '../functions/permissions.ts';
import type { FunctionPolicy } from '../functions/permissions.ts';
import { notFound, staleRevision } from '../names.ts';
import { newRevision } from '../rows.ts';
import { layerVersionOf, namedLayerVersion } from './layer.ts';
import type { NamedLayerVersion } from './layer.ts';

function standing(ctx: Ctx, name: string, number: number): NamedLayerVersion {
  const of = namedLayerVersion(ctx, name, number);
  if (!layerVersionOf(of)) throw notFound(`Layer version ${of.versionArn} does not exist.`);
  return of;
}

function policyOf({ owner, versionArn }: NamedLayerVersion, revisionId?: string): FunctionPolicy | undefined {
  const found = owner.get(policies, versionArn);
  if (revisionId !== undefined && revisionId !== found?.revisionId) throw staleRevision('GetLayerPolicy');
  return found;
}

export const layerPermissionOperations: Operations<'lambda'> = {
  AddLayerVersionPermission(ctx, input) {
    const { StatementId, Action, Principal, OrganizationId, RevisionId } = input;
    const of = standing(ctx, input.LayerName, input.VersionNumber);
    const statement = {
      Sid: StatementId,
      Effect: 'Allow',
      Principal: principalOf(ctx, Principal),
      Action,
      Resource: of.versionArn,
      ...(OrganizationId === undefined
        ? {}
        : { Condition: { StringEquals: { 'aws:PrincipalOrgID': OrganizationId } } }),
    };
    const statements = added(policyOf(of)?.statements ?? [], statement);
    policyOf(of, RevisionId);
    const revisionId = newRevision(of.owner);
    of.owner.put(policies, { arn: of.versionArn, statements, revisionId });
    return { Statement: JSON.stringify(statement), RevisionId: revisionId };
  },

  GetLayerVersionPolicy(ctx, { LayerName, VersionNumber }) {
    const policy = policyOf(standing(ctx, LayerName, VersionNumber));
    if (!policy) throw notFound('No policy is associated with the given resource.');
    return { Policy: documentOf(policy), RevisionId: policy.revisionId };
  },

  RemoveLayerVersionPermission(ctx, { LayerName, VersionNumber, StatementId, RevisionId }) {
    const of = standing(ctx, LayerName, VersionNumber);
    const statements = without(policyOf(of)?.statements ?? [], StatementId);
    policyOf(of, RevisionId);
    const { owner, versionArn: arn } = of;
    if (statements.length > 0) owner.put(policies, { arn, statements, revisionId: newRevision(owner) });
    else owner.delete(policies, arn);
  },
};
