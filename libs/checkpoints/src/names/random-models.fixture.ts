import { elementCount, float32Tensor, type HostTensor, type StateDict } from '../host-tensor.ts';

/** Small stand-ins for whole checkpoints: real names, narrow tensors, values that differ everywhere. */

let counter = 0;

function random(...shape: number[]): HostTensor {
  const values = Float32Array.from({ length: elementCount(shape) }, () => Math.sin(++counter) * 3);
  return float32Tensor(shape, values);
}

function norm(state: StateDict, name: string, channels: number, hasStatistics: boolean): void {
  const parts = hasStatistics ? ['weight', 'bias', 'running_mean', 'running_var'] : ['weight', 'bias'];
  for (const part of parts) state.set(`${name}.${part}`, random(channels));
}

function layer(state: StateDict, name: string, shape: number[]): void {
  state.set(`${name}.weight`, random(...shape));
  state.set(`${name}.bias`, random(shape[0]!));
}

const BODY = 'backbone.bottom_up.';

/** A bottleneck ResNet, 4 channels wide. */
export function resnetState(blocks: readonly number[] = [3, 4, 6, 3], convolutions = 3): StateDict {
  const state: StateDict = new Map();
  state.set(`${BODY}conv1.weight`, random(4, 3, 7, 7));
  norm(state, `${BODY}bn1`, 4, true);
  for (const [stage, count] of blocks.entries()) {
    for (let j = 0; j < count; j++) {
      const name = `${BODY}layer${stage + 1}.${j}`;
      for (let c = 1; c <= convolutions; c++) {
        state.set(`${name}.conv${c}.weight`, random(4, 4, 1, 1));
        norm(state, `${name}.bn${c}`, 4, true);
      }
      if (j > 0) continue;
      state.set(`${name}.downsample.0.weight`, random(4, 4, 1, 1));
      norm(state, `${name}.downsample.1`, 4, true);
    }
  }
  return state;
}

/** A Swin of two channels in its first stage, with window 3. */
export function swinState(depths: readonly number[] = [2, 2, 6, 2], hasOutputNorms = true): StateDict {
  const state: StateDict = new Map();
  layer(state, `${BODY}patch_embed.proj`, [2, 3, 4, 4]);
  norm(state, `${BODY}patch_embed.norm`, 2, false);
  for (const [stage, depth] of depths.entries()) {
    const width = 2 * 2 ** stage;
    for (let j = 0; j < depth; j++) {
      const name = `${BODY}layers.${stage}.blocks.${j}`;
      norm(state, `${name}.norm1`, width, false);
      norm(state, `${name}.norm2`, width, false);
      layer(state, `${name}.attn.qkv`, [3 * width, width]);
      layer(state, `${name}.attn.proj`, [width, width]);
      state.set(`${name}.attn.relative_position_bias_table`, random(25, 1));
      layer(state, `${name}.mlp.fc1`, [4 * width, width]);
      layer(state, `${name}.mlp.fc2`, [width, 4 * width]);
    }
    if (hasOutputNorms) norm(state, `${BODY}norm${stage}`, width, false);
    if (stage === depths.length - 1) continue;
    norm(state, `${BODY}layers.${stage}.downsample.norm`, 4 * width, false);
    state.set(`${BODY}layers.${stage}.downsample.reduction.weight`, random(2 * width, 4 * width));
  }
  return state;
}

/** Laterals and outputs of the given C_k, and P6, P7. */
export function fpnState(levels: readonly number[] = [3, 4, 5]): StateDict {
  const state: StateDict = new Map();
  for (const level of levels) {
    layer(state, `backbone.fpn_lateral${level}`, [4, 4, 1, 1]);
    layer(state, `backbone.fpn_output${level}`, [4, 4, 3, 3]);
  }
  layer(state, 'backbone.top_block.p6', [4, 4, 3, 3]);
  layer(state, 'backbone.top_block.p7', [4, 4, 3, 3]);
  return state;
}

export function fcosState(): StateDict {
  const state: StateDict = new Map();
  const head = 'proposal_generator.fcos_head';
  for (const tower of ['cls_tower', 'bbox_tower']) {
    for (let n = 0; n < 4; n++) {
      layer(state, `${head}.${tower}.${3 * n}`, [4, 4, 3, 3]);
      norm(state, `${head}.${tower}.${3 * n + 1}`, 4, false);
    }
  }
  layer(state, `${head}.cls_logits`, [5, 4, 3, 3]);
  layer(state, `${head}.bbox_pred`, [4, 4, 3, 3]);
  layer(state, `${head}.ctrness`, [1, 4, 3, 3]);
  for (let level = 0; level < 5; level++) state.set(`${head}.scales.${level}.scale`, random(1));
  return state;
}

export function maskState(): StateDict {
  const state: StateDict = new Map();
  layer(state, 'controller', [169, 4, 3, 3]);
  for (let level = 0; level < 3; level++) {
    state.set(`mask_branch.refine.${level}.0.weight`, random(4, 4, 3, 3));
    norm(state, `mask_branch.refine.${level}.1`, 4, true);
  }
  for (let n = 0; n < 4; n++) {
    state.set(`mask_branch.tower.${n}.0.weight`, random(4, 4, 3, 3));
    norm(state, `mask_branch.tower.${n}.1`, 4, true);
  }
  layer(state, 'mask_branch.tower.4', [8, 4, 1, 1]);
  return state;
}

/** What only the authors' entity models have. */
export function entityState(): StateDict {
  const state: StateDict = new Map();
  for (const n of [1, 2, 3]) {
    state.set(`controller.kernel_head.kernel_head_head_${n}.weight`, random(4, 4, 3, 3));
    norm(state, `controller.kernel_head.kernel_head_head_${n}.norm`, 4, false);
  }
  layer(state, 'controller.out_conv', [169, 4, 3, 3]);
  layer(state, 'mask_head.stable.0.0', [8, 10, 3, 3]);
  layer(state, 'mask_head.stable.1.0', [8, 8, 3, 3]);
  layer(state, 'mask_head.stable.2', [1, 8, 3, 3]);
  return state;
}

export function joined(...states: StateDict[]): StateDict {
  return new Map(states.flatMap((state) => [...state]));
}
