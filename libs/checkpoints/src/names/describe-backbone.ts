import type { HostTensor } from '../host-tensor.ts';
import { BODY } from './frameworks.ts';
import { windowOfTable } from './swin-buffers.ts';

/** What the names and shapes of a backbone under our names tell. */
export type BackboneFacts = ResNetFacts | SwinFacts;

export interface ResNetFacts {
  readonly kind: 'resnet';
  /** Blocks of each stage. */
  readonly blocks: readonly number[];
  readonly isBottleneck: boolean;
  /** Channels of the stem, then of each stage's output. */
  readonly widths: readonly number[];
  /** Batch norms have statistics, group norms do not. */
  readonly norm: 'batch' | 'group';
}

export interface SwinFacts {
  readonly kind: 'swin';
  readonly blocks: readonly number[];
  /** Channels of the first stage. */
  readonly embedding: number;
  readonly heads: readonly number[];
  /** Tokens along a window's side. */
  readonly window: number;
}

type Shapes = ReadonlyMap<string, Pick<HostTensor, 'shape'>>;

/** `undefined` where the tensors hold no backbone of ours. */
export function describeBackbone(state: Shapes): BackboneFacts | undefined {
  if (state.has(`${BODY}conv1.weight`)) return describeResNet(state);
  if (state.has(`${BODY}patch_embed.proj.weight`)) return describeSwin(state);
  return undefined;
}

function describeResNet(state: Shapes): ResNetFacts {
  const blocks = countBlocks(state, /^layer(\d+)\.(\d+)\./, 1);
  const isBottleneck = state.has(`${BODY}layer1.0.conv3.weight`);
  const last = isBottleneck ? 'conv3' : 'conv2';
  const outputs = blocks.map((_, stage) => rows(state, `layer${stage + 1}.0.${last}.weight`));
  const norm = state.has(`${BODY}bn1.running_var`) ? 'batch' : 'group';
  return { kind: 'resnet', blocks, isBottleneck, widths: [rows(state, 'conv1.weight'), ...outputs], norm };
}

function describeSwin(state: Shapes): SwinFacts {
  const blocks = countBlocks(state, /^layers\.(\d+)\.blocks\.(\d+)\./, 0);
  const table = (stage: number): Pick<HostTensor, 'shape'> | undefined =>
    state.get(`${BODY}layers.${stage}.blocks.0.attn.relative_position_bias_table`);
  const first = table(0);
  return {
    kind: 'swin',
    blocks,
    embedding: rows(state, 'patch_embed.proj.weight'),
    heads: blocks.map((_, stage) => table(stage)?.shape[1] ?? 0),
    window: first === undefined ? 0 : windowOfTable(first),
  };
}

function rows(state: Shapes, name: string): number {
  return state.get(BODY + name)?.shape[0] ?? 0;
}

/** Blocks of each stage; stages count from `first`. */
function countBlocks(state: Shapes, pattern: RegExp, first: number): number[] {
  const counts: number[] = [];
  for (const name of state.keys()) {
    const found = name.startsWith(BODY) ? pattern.exec(name.slice(BODY.length)) : null;
    if (found === null) continue;
    const stage = Number(found[1]) - first;
    counts[stage] = Math.max(counts[stage] ?? 0, Number(found[2]) + 1);
  }
  return Array.from(counts, (count) => count ?? 0);
}
