// AWS::CloudFormation::Macro: a function that changes templates.

import { macros } from '../../transforms.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Provider } from '../provider.ts';

export const macro: Provider = provider({
  type: 'AWS::CloudFormation::Macro',
  refused: ['LogGroupName', 'LogRoleARN'],
  withoutEffect: { Description: 'no operation shows it' },
  create(work) {
    const { Name, FunctionName } = work.properties;
    if (work.ctx.get(macros, Name))
      throw handlerFailure(work, `Macro with name ${Name} already exists`, 'AlreadyExists');
    work.ctx.put(macros, { name: Name, functionName: FunctionName });
    return Name;
  },
  update(work) {
    work.ctx.put(macros, { name: work.physicalId, functionName: work.properties.FunctionName });
  },
  delete(work) {
    if (work.ctx.get(macros, work.physicalId)) work.ctx.delete(macros, work.physicalId);
  },
});
