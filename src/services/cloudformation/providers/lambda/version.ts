// AWS::Lambda::Version: what a function is now, for good. Any change makes another one.

import { handlerFailure, provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

function numberIn(arn: string): string {
  return arn.split(':').at(-1) ?? '';
}

/** The function without a qualifier. */
function functionIn(arn: string): string {
  return arn.slice(0, arn.lastIndexOf(':'));
}

/** Versions so far: Lambda hands out the last one again where nothing has changed since. */
function versionsOf(work: Work<'AWS::Lambda::Version'>): readonly string[] {
  const { FunctionName } = work.properties;
  const found: string[] = [];
  let Marker: string | undefined;
  do {
    const page = work.call('lambda', 'ListVersionsByFunction', { FunctionName, Marker });
    found.push(...(page.Versions ?? []).map(({ Version = '' }) => Version));
    Marker = page.NextMarker === '' ? undefined : page.NextMarker;
  } while (Marker !== undefined);
  return found;
}

export const version: Provider = provider({
  type: 'AWS::Lambda::Version',
  refused: ['FunctionScalingConfig', 'ProvisionedConcurrencyConfig', 'RuntimePolicy'],
  create(work) {
    const { FunctionName, CodeSha256, Description } = work.properties;
    const before = versionsOf(work);
    const published = work.call('lambda', 'PublishVersion', { FunctionName, CodeSha256, Description });
    const { Version = '', FunctionArn = '' } = published;
    if (before.includes(Version)) {
      throw handlerFailure(
        work,
        `A version for this Lambda function exists ( ${Version} ). Modify the function to create a new version.`,
        'AlreadyExists',
      );
    }
    return FunctionArn;
  },
  delete(work) {
    const { physicalId } = work;
    const [FunctionName, Qualifier] = [functionIn(physicalId), numberIn(physicalId)];
    work.find('lambda', 'DeleteFunction', { FunctionName, Qualifier });
  },
  attributes: ({ physicalId }) => ({ Version: numberIn(physicalId), FunctionArn: physicalId }),
  read(work) {
    const found = work.find('lambda', 'GetFunctionConfiguration', { FunctionName: work.physicalId });
    return found && { Description: found.Description, CodeSha256: found.CodeSha256 };
  },
});
