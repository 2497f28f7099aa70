// The layers of a function: which it may have, and how large they may be with its code.
// https://docs.aws.amazon.com/lambda/latest/dg/adding-layers.html; details follow recorded answers.

import type { Ctx } from '#cloud/ctx.ts';
import { LARGEST_UNZIPPED, unzippedBytes } from '../functions/package.ts';
import { invalid } from '../names.ts';
import type { Code, LayerUse } from '../rows.ts';
import { layerVersionAt, layerVersionOf } from './layer.ts';

const MOST_LAYERS = 5;

/** The versions that a request names, in the order in which they are laid over one another. */
export function layersOf(ctx: Ctx, arns: readonly string[]): readonly LayerUse[] {
  if (arns.length > MOST_LAYERS) throw invalid(`Cannot reference more than ${MOST_LAYERS} layers.`);
  const seen = new Map<string, string>();
  return arns.map((arn) => {
    const of = layerVersionAt(ctx, arn);
    if (of.owner.region !== ctx.region) {
      throw invalid(
        `Layers are not in the same region as the function. Layers are expected to be in region ${ctx.region}.`,
      );
    }
    const other = seen.get(of.arn);
    if (other !== undefined) {
      throw invalid(
        'Two different versions of the same layer are not allowed to be referenced in the same function. ' +
          `${other} and ${arn} are versions of the same layer.`,
      );
    }
    seen.set(of.arn, arn);
    const found = layerVersionOf(of);
    if (!found) throw invalid(`Layer version ${arn} does not exist.`);
    return { arn, blob: found.code.blob, sizeBytes: found.code.sizeBytes };
  });
}

/** Code and layers together have the size that a package may have. */
export function checkSize(ctx: Ctx, code: Code, layers: readonly LayerUse[]): void {
  if (layers.length === 0) return;
  const size = [code, ...layers].reduce((sum, { blob }) => sum + unzippedBytes(ctx.blob(blob)), 0);
  if (size <= LARGEST_UNZIPPED) return;
  throw invalid(
    `Function code combined with layers exceeds the maximum allowed size of ${LARGEST_UNZIPPED} bytes. ` +
      `The actual size is ${size} bytes.`,
  );
}
