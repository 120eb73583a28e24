import type { ResNetFacts } from '@cassl/checkpoints';
import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { convNorm } from '../layers/conv-norm.ts';

/** Normalised images [B, 3, H, W] → C2, C3, …, each [B, C, H / 2^k, W / 2^k]. */
export function resnet(build: Builder, prefix: string, facts: ResNetFacts, images: Value): Value[] {
  const small = build.config.backbone === 'resnet-small';
  let x = stem(build, prefix, images, small);
  return facts.blocks.map((blocks, stage) => {
    for (let index = 0; index < blocks; index++) {
      const stride = index === 0 && (stage > 0 || small) ? 2 : 1;
      const block = facts.isBottleneck ? bottleneck : basicBlock;
      x = block(build, `${prefix}layer${stage + 1}.${index}`, x, stride);
    }
    return x;
  });
}

function stem(build: Builder, prefix: string, images: Value, small: boolean): Value {
  const x = unit(build, { conv: `${prefix}conv1`, norm: `${prefix}bn1` }, images, 2, true);
  if (small) return x;
  return build.add('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
}

function basicBlock(build: Builder, name: string, x: Value, stride: number): Value {
  const inner = unit(build, numbered(name, 1), x, stride, true);
  return joined(build, unit(build, numbered(name, 2), inner, 1, false), shortcut(build, name, x, stride));
}

function bottleneck(build: Builder, name: string, x: Value, stride: number): Value {
  const msra = build.config.resnetStride === 'msra';
  const narrow = unit(build, numbered(name, 1), x, msra ? stride : 1, true);
  const inner = unit(build, numbered(name, 2), narrow, msra ? 1 : stride, true);
  return joined(build, unit(build, numbered(name, 3), inner, 1, false), shortcut(build, name, x, stride));
}

function shortcut(build: Builder, name: string, x: Value, stride: number): Value {
  const names = { conv: `${name}.downsample.0`, norm: `${name}.downsample.1` };
  return build.has(`${names.conv}.weight`) ? unit(build, names, x, stride, false) : x;
}

function joined(build: Builder, branch: Value, short: Value): Value {
  return build.add('Relu', [build.add('Add', [branch, short])]);
}

function numbered(name: string, index: number): { conv: string; norm: string } {
  return { conv: `${name}.conv${index}`, norm: `${name}.bn${index}` };
}

function unit(
  build: Builder,
  names: { readonly conv: string; readonly norm: string },
  x: Value,
  stride: number,
  relu: boolean,
): Value {
  return convNorm(build, names, x, { stride, relu, groups: build.config.backboneGroups });
}
