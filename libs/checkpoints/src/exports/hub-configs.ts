import type { InputConvention } from '../names/input-convention.ts';
import type { BackboneFacts } from '../names/describe-backbone.ts';
import { architectureOf } from './architecture.ts';
import type { Config } from './config.ts';
import type { ModelFacts } from './model-facts.ts';

/** timm's `config.json`; `undefined` where timm has no such architecture. */
export function timmConfig(
  backbone: BackboneFacts,
  { resnetStride }: ModelFacts,
  input: InputConvention,
): Config | undefined {
  const architecture = architectureOf(backbone);
  // timm's ResNets stride in their 3×3, and it normalises RGB alone.
  if (architecture === undefined || input.order === 'bgr') return undefined;
  if (backbone.kind === 'resnet' && backbone.isBottleneck && resnetStride === 'msra') return undefined;
  const features = backbone.kind === 'resnet' ? backbone.widths.at(-1)! : backbone.embedding * 8;
  const name =
    architecture.kind === 'resnet'
      ? `resnet${architecture.depth}`
      : `swin_${architecture.size}_patch4_window7_224`;
  return {
    architecture: name,
    num_classes: 0,
    num_features: features,
    ...(backbone.kind === 'swin' && backbone.window !== 7
      ? { model_args: { window_size: backbone.window } }
      : {}),
    pretrained_cfg: {
      custom_load: false,
      input_size: [3, 224, 224],
      fixed_input_size: backbone.kind === 'swin',
      interpolation: backbone.kind === 'swin' ? 'bicubic' : 'bilinear',
      crop_pct: backbone.kind === 'swin' ? 0.9 : 0.95,
      mean: unit(input.mean),
      std: unit(input.std),
      num_classes: 0,
      pool_size: [7, 7],
      first_conv: backbone.kind === 'swin' ? 'patch_embed.proj' : 'conv1',
      classifier: backbone.kind === 'swin' ? 'head.fc' : 'fc',
    },
  };
}

/** transformers' `config.json`. */
export function transformersConfig(
  backbone: BackboneFacts,
  { resnetStride }: ModelFacts,
): Config | undefined {
  if (backbone.kind === 'swin') {
    return {
      model_type: 'swin',
      architectures: ['SwinModel'],
      image_size: 224,
      patch_size: 4,
      num_channels: 3,
      embed_dim: backbone.embedding,
      depths: backbone.blocks,
      num_heads: backbone.heads,
      window_size: backbone.window,
      mlp_ratio: 4,
      qkv_bias: true,
      hidden_act: 'gelu',
      layer_norm_eps: 1e-5,
      torch_dtype: 'float32',
    };
  }
  if (backbone.norm !== 'batch' || backbone.widths[0] === undefined) return undefined;
  return {
    model_type: 'resnet',
    architectures: ['ResNetModel'],
    num_channels: 3,
    embedding_size: backbone.widths[0],
    hidden_sizes: backbone.widths.slice(1),
    depths: backbone.blocks,
    layer_type: backbone.isBottleneck ? 'bottleneck' : 'basic',
    hidden_act: 'relu',
    downsample_in_first_stage: false,
    downsample_in_bottleneck: resnetStride === 'msra',
    torch_dtype: 'float32',
  };
}

/** transformers' `preprocessor_config.json`: what the network reads. */
export function preprocessorConfig(input: InputConvention): Config {
  return {
    image_processor_type: 'ViTImageProcessor',
    do_resize: true,
    size: { height: 224, width: 224 },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: unit(input.mean),
    image_std: unit(input.std),
  };
}

/** On a scale of 0 to 1, where ImageNet's numbers are the well-known ones again. */
function unit(values: readonly number[]): number[] {
  return values.map((value) => Number((value / 255).toFixed(6)));
}
