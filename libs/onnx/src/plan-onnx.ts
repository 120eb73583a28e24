import { describeBackbone, pieceBytes, type FilePiece, type LazyState } from '@cassl/checkpoints';
import type { DetectorConfig } from '@cassl/detector/fit-image';
import { failedPrecondition, invalidArgument } from '@cassl/errors';
import { resnet } from './backbones/resnet.ts';
import { swin } from './backbones/swin.ts';
import { createBuilder, type Builder } from './graph/builder.ts';
import type { Value } from './graph/graph.ts';
import { modelPieces, OPSETS } from './graph/model-pieces.ts';
import { valueInfo, type Port } from './graph/value-info.ts';
import { featurePyramid } from './heads/feature-pyramid.ts';
import { fcosHead } from './heads/fcos-head.ts';
import { cellTable } from './heads/cell-centers.ts';
import { normalisedInput } from './input.ts';
import { modelMetadata } from './model-metadata.ts';
import { detectionOutputs, rawOutputs, sumOutput, type HeadValues, type Output } from './outputs.ts';

/** The newest operators that the current release of onnxruntime-node runs. */
export const DEFAULT_OPSET = 26;

/** `detections`: decoding and suppression inside; `raw`: what the heads say about every cell. */
export const ONNX_OUTPUTS = ['detections', 'raw'] as const;
export type OnnxOutputs = (typeof ONNX_OUTPUTS)[number];

export interface OnnxOptions {
  readonly config: DetectorConfig;
  /** Default `detections`. */
  readonly outputs?: OnnxOutputs;
  /** Of a mask model. Default: the config's. */
  readonly masks?: boolean;
  /** Of the operators; older runtimes know fewer. Default `DEFAULT_OPSET`. */
  readonly opset?: number;
  /** One output more, `sum`, of all that the heads say: whether the network computes numbers. Default false. */
  readonly hasSum?: boolean;
  /** Names of the classes, by channel, for the file's metadata. */
  readonly categories?: readonly string[];
}

/** An ONNX file that is laid out but not written. */
export interface OnnxPlan {
  readonly pieces: FilePiece[];
  readonly sizeBytes: number;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly opset: number;
}

const BACKBONE = 'backbone.bottom_up.';

/**
 * Lays a detector out as an ONNX model with dynamic batch, height and width, without reading a byte of its weights.
 * @throws FAILED_PRECONDITION where the checkpoint does not fit the config, INVALID_ARGUMENT for options that exclude each other
 */
export function planOnnx(state: LazyState, options: OnnxOptions): OnnxPlan {
  const { outputs: kind = 'detections', opset = DEFAULT_OPSET } = options;
  const { config, masks } = checked(options);
  const build = createBuilder(state, config);
  const { image, values } = network(build, state);
  const outputs = [
    ...(kind === 'raw'
      ? rawOutputs(build, values, masks)
      : detectionOutputs(build, values, masks, image.name)),
    ...(options.hasSum === true ? [sumOutput(build, values)] : []),
  ];
  for (const { value, port } of outputs) build.output(value, port.name);
  const ports = outputs.map(({ port }: Output) => port);
  const pieces = modelPieces({
    graph: build,
    inputs: [valueInfo(image)],
    outputs: ports.map(valueInfo),
    opset,
    description:
      'An object detector of cassl; metadata_props say how pictures are placed and what the classes are.',
    metadata: modelMetadata(config, options.categories ?? []),
  });
  const sizeBytes = pieces.reduce((sum, piece) => sum + pieceBytes(piece), 0);
  return { pieces, sizeBytes, inputs: [image], outputs: ports, opset };
}

function checked({ config, masks = config.masks, opset = DEFAULT_OPSET }: OnnxOptions): {
  config: DetectorConfig;
  masks: boolean;
} {
  if (config.head !== 'fcos') {
    throw invalidArgument(`DetectorConfig.head: only fcos can be written as ONNX, got ${config.head}`);
  }
  if (masks && !config.masks) throw invalidArgument('masks: the detector has none');
  if (!OPSETS.includes(opset)) {
    throw invalidArgument(`opset must be one of ${OPSETS.join(', ')}, got ${opset}`);
  }
  return { config, masks };
}

function network(build: Builder, state: LazyState): { image: Port; values: HeadValues } {
  const image: Port = {
    name: 'images',
    type: 'float32',
    shape: ['batch', 3, 'height', 'width'],
    description: 'RGB, 0 to 255; smaller images of a batch padded right and below with the mean pixel',
  };
  const pyramid = featurePyramid(build, backbone(build, state, normalisedInput(build, image.name)));
  return { image, values: { pyramid, levels: fcosHead(build, pyramid), table: cellTable(build, pyramid) } };
}

function backbone(build: Builder, state: LazyState, images: Value): Value[] {
  const facts = describeBackbone(state);
  if (facts === undefined)
    throw failedPrecondition('the checkpoint has no backbone: is it a cassl detector?');
  return facts.kind === 'resnet'
    ? resnet(build, BACKBONE, facts, images)
    : swin(build, BACKBONE, facts, images);
}
