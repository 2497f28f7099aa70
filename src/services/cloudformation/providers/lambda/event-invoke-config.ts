// AWS::Lambda::EventInvokeConfig.

import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

function put(work: Work<'AWS::Lambda::EventInvokeConfig'>): void {
  const { FunctionName, Qualifier, DestinationConfig, MaximumEventAgeInSeconds, MaximumRetryAttempts } =
    work.properties;
  work.call('lambda', 'PutFunctionEventInvokeConfig', {
    FunctionName,
    Qualifier,
    DestinationConfig,
    MaximumEventAgeInSeconds,
    MaximumRetryAttempts,
  });
}

export const eventInvokeConfig: Provider = provider({
  type: 'AWS::Lambda::EventInvokeConfig',
  passedOn: ['DestinationConfig'],
  create(work) {
    const { FunctionName, Qualifier } = work.properties;
    put(work);
    return `${FunctionName}|${Qualifier}`;
  },
  update: put,
  delete(work) {
    const { FunctionName, Qualifier } = work.properties;
    work.find('lambda', 'DeleteFunctionEventInvokeConfig', { FunctionName, Qualifier });
  },
  read(work) {
    const { FunctionName, Qualifier } = work.properties;
    const found = work.find('lambda', 'GetFunctionEventInvokeConfig', { FunctionName, Qualifier });
    if (!found) return undefined;
    const { OnFailure, OnSuccess } = found.DestinationConfig ?? {};
    const destinations = Object.entries({ OnFailure, OnSuccess }).filter(([, on]) => on?.Destination);
    return {
      FunctionName,
      Qualifier,
      MaximumEventAgeInSeconds: found.MaximumEventAgeInSeconds,
      MaximumRetryAttempts: found.MaximumRetryAttempts,
      DestinationConfig: Object.fromEntries(
        destinations.map(([name, on]) => [name, { Destination: on?.Destination ?? '' }]),
      ),
    };
  },
});
