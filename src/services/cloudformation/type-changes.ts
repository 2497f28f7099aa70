// Resources whose type an update would change.

import type { Ctx } from '#cloud/ctx.ts';
import { templateIn } from './engine/plan.ts';
import type { Definition } from './rows.ts';
import { invalid } from './template/faults.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html: a type cannot be changed in place. */
export function checkTypes(ctx: Ctx, before: Definition, after: Definition): void {
  const [old, next] = [templateIn(ctx, before.processedBlob), templateIn(ctx, after.processedBlob)];
  const changed = Object.values(next.resources)
    .filter(({ logicalId, type }) => (old.resources[logicalId]?.type ?? type) !== type)
    .map(({ logicalId }) => logicalId);
  if (changed.length > 0) {
    throw invalid(
      'Update of resource type is not permitted. The new template modifies resource type of the following resources: ' +
        `[${changed.join(', ')}]`,
    );
  }
}
