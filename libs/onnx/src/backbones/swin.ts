import type { SwinFacts } from '@cassl/checkpoints';
import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { convolution } from '../layers/convolution.ts';
import { linear } from '../layers/linear.ts';
import { layerNorm } from '../layers/norms.ts';
import { swinBlock } from './swin-block.ts';
import { windowPartitions } from './swin-windows.ts';

const TO_TOKENS = [0, 2, 3, 1];
const TO_CHANNELS = [0, 3, 1, 2];

/** Normalised images [B, 3, H, W] → C2 to C5, each [B, C, H / 2^k, W / 2^k]. */
export function swin(build: Builder, prefix: string, facts: SwinFacts, images: Value): Value[] {
  const patches = convolution(build, `${prefix}patch_embed.proj`, images, { stride: 4, padding: 0 });
  let x = layerNorm(build, `${prefix}patch_embed.norm`, build.transpose(patches, TO_TOKENS));
  return facts.blocks.map((blocks, stage) => {
    const name = `${prefix}layers.${stage}`;
    const channels = facts.embedding * 2 ** stage;
    const place = { channels, heads: facts.heads[stage]!, window: facts.window };
    const { plain, shifted } = windowPartitions(build, x, facts.window);
    for (let index = 0; index < blocks; index++)
      x = swinBlock(build, `${name}.blocks.${index}`, x, place, index % 2 === 1 ? shifted : plain);
    const features = x;
    if (stage < facts.blocks.length - 1) x = mergePatches(build, `${name}.downsample`, features, channels);
    return build.transpose(layerNorm(build, `${prefix}norm${stage}`, features), TO_CHANNELS);
  });
}

/** [B, H, W, C] → [B, ⌈H / 2⌉, ⌈W / 2⌉, 2C]: the pixels of a 2×2 patch joined, the column the slower index. */
function mergePatches(build: Builder, name: string, x: Value, channels: number): Value {
  const { sides } = build;
  const [below, right] = [sides.missing(sides.of(x, 1), 2), sides.missing(sides.of(x, 2), 2)];
  const even = build.add('Pad', [x, sides.join([0, 0, 0, 0, 0, below, right, 0])]);
  const rows = sides.over(sides.of(even, 1), sides.known(2));
  const columns = sides.over(sides.of(even, 2), sides.known(2));
  const patches = build.reshape(even, [-1, rows, 2, columns, 2, channels]);
  const joined = build.reshape(build.transpose(patches, [0, 1, 3, 4, 2, 5]), [
    -1,
    rows,
    columns,
    4 * channels,
  ]);
  return linear(build, `${name}.reduction`, layerNorm(build, `${name}.norm`, joined));
}
