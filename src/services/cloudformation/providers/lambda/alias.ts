// AWS::Lambda::Alias. With the update policy CodeDeployLambdaAliasUpdate a deployment takes it to another version.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Properties, Provider } from '../provider.ts';
import { beginShift, cancelShift, deployedBy, lookAtShift } from './alias-deployment.ts';

type Routing = Input<'lambda', 'CreateAlias'>['RoutingConfig'];

/** The template gives a list, the API a map. */
function routingOf({ RoutingConfig }: Properties<'AWS::Lambda::Alias'>): Routing {
  const weights = RoutingConfig?.AdditionalVersionWeights;
  if (!weights) return undefined;
  return {
    AdditionalVersionWeights: Object.fromEntries(
      weights.map(({ FunctionVersion, FunctionWeight }) => [FunctionVersion, FunctionWeight]),
    ),
  };
}

export const alias: Provider = provider({
  type: 'AWS::Lambda::Alias',
  refused: ['ProvisionedConcurrencyConfig'],
  create(work) {
    const { FunctionName, FunctionVersion, Name, Description } = work.properties;
    const input = { FunctionName, FunctionVersion, Name, Description };
    const RoutingConfig = routingOf(work.properties);
    const { AliasArn = '' } = work.call('lambda', 'CreateAlias', { ...input, RoutingConfig });
    return AliasArn;
  },
  update(work) {
    const { FunctionName, FunctionVersion, Name, Description = '' } = work.properties;
    const shifts = deployedBy(work) !== undefined && work.changed('FunctionVersion');
    const direct = {
      ...(work.changed('Description') && { Description }),
      ...(work.changed('FunctionVersion') && !shifts && { FunctionVersion }),
      ...((work.changed('RoutingConfig') || (work.changed('FunctionVersion') && !shifts)) && {
        RoutingConfig: routingOf(work.properties) ?? { AdditionalVersionWeights: {} },
      }),
    };
    if (Object.keys(direct).length > 0) work.call('lambda', 'UpdateAlias', { FunctionName, Name, ...direct });
    if (shifts) beginShift(work);
  },
  stands: lookAtShift,
  cancelled: cancelShift,
  delete(work) {
    const { FunctionName, Name } = work.properties;
    work.find('lambda', 'DeleteAlias', { FunctionName, Name });
  },
  attributes: ({ physicalId }) => ({ AliasArn: physicalId }),
  read(work) {
    const { FunctionName, Name } = work.properties;
    const found = work.find('lambda', 'GetAlias', { FunctionName, Name });
    if (!found) return undefined;
    const weights = Object.entries(found.RoutingConfig?.AdditionalVersionWeights ?? {});
    const AdditionalVersionWeights = weights.map(([version, FunctionWeight]) => ({
      FunctionVersion: version,
      FunctionWeight,
    }));
    return {
      Name,
      FunctionVersion: found.FunctionVersion,
      Description: found.Description,
      RoutingConfig: weights.length > 0 ? { AdditionalVersionWeights } : undefined,
    };
  },
});
