// AWS::CDK::Metadata: what the CDK tells AWS of the constructs in a stack. AWS makes nothing of it either.

import { provider } from '../provider.ts';
import type { Provider } from '../provider.ts';

const LONGEST = 128;

export const metadata: Provider = provider({
  type: 'AWS::CDK::Metadata',
  withoutEffect: { Analytics: 'AWS counts constructs with it; nothing is made' },
  create: (work) => work.name({ longest: LONGEST }),
  update() {},
  delete() {},
});
