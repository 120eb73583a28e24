import { detections } from './detections/detections.ts';
import { rowsAt } from './detections/candidates.ts';
import type { Builder } from './graph/builder.ts';
import type { Value } from './graph/graph.ts';
import type { Port } from './graph/value-info.ts';
import type { CellTable } from './heads/cell-centers.ts';
import { controller } from './heads/controller.ts';
import { dynamicMasks } from './heads/dynamic-masks.ts';
import type { LevelPrediction } from './heads/fcos-head.ts';
import { maskBranch } from './heads/mask-branch.ts';

/** What the network computes before anything is selected. */
export interface HeadValues {
  readonly pyramid: readonly Value[];
  readonly levels: readonly LevelPrediction[];
  readonly table: CellTable;
}

export interface Output {
  readonly value: Value;
  readonly port: Port;
}

/** What the heads say about every cell, all levels in a row from the finest. */
export function rawOutputs(build: Builder, { pyramid, levels, table }: HeadValues, masks: boolean): Output[] {
  const joined = (part: 'classLogits' | 'distances' | 'qualityLogits'): Value =>
    build.concat(
      levels.map((level) => level[part]),
      1,
    );
  const { classes, dynamicChannels } = build.config;
  const outputs = [
    output(joined('classLogits'), 'class_logits', ['batch', 'cells', classes], 'before the sigmoid'),
    output(
      joined('distances'),
      'distances',
      ['batch', 'cells', 4],
      'left, top, right, bottom of the centre, in pixels',
    ),
    output(
      joined('qualityLogits'),
      'quality_logits',
      ['batch', 'cells', 1],
      'centerness, before the sigmoid',
    ),
    output(table.centers, 'centers', ['cells', 2], 'x and y of every cell, in pixels'),
  ];
  if (!masks) return outputs;
  const kernels = controller(
    build,
    levels.map(({ boxTower }) => boxTower),
  );
  return [
    ...outputs,
    output(
      kernels,
      'mask_kernels',
      ['batch', 'cells', kernelSize(dynamicChannels)],
      'weights of every cell’s mask network',
    ),
    output(
      maskBranch(build, pyramid),
      'mask_features',
      ['batch', dynamicChannels, 'rows', 'columns'],
      'what the mask networks read',
    ),
  ];
}

/** Detections of every image, and their masks at a quarter of the input's side. */
export function detectionOutputs(
  build: Builder,
  { pyramid, levels, table }: HeadValues,
  masks: boolean,
  images: Value,
): Output[] {
  const found = detections(build, levels, table, images);
  const outputs: Output[] = [
    output(found.boxes, 'boxes', ['batch', 'detections', 4], 'x1, y1, x2, y2 in pixels of the input'),
    output(found.scores, 'scores', ['batch', 'detections'], 'best first; 0 in unused places'),
    {
      value: found.labels,
      port: {
        name: 'labels',
        type: 'int64',
        shape: ['batch', 'detections'],
        description: 'class, from 0; -1 in unused places',
      },
    },
    {
      value: found.counts,
      port: { name: 'counts', type: 'int64', shape: ['batch'], description: 'places in use' },
    },
  ];
  if (!masks) return outputs;
  const kernels = controller(
    build,
    levels.map(({ boxTower }) => boxTower),
  );
  const at = (rows: Value): Value => build.add('Gather', [rows, found.cells], { axis: 0 });
  const probabilities = dynamicMasks(build, maskBranch(build, pyramid), {
    parameters: rowsAt(build, kernels, found.cells),
    centers: at(table.centers),
    sizes: at(table.sizes),
  });
  const stride = 2 ** (build.config.levels[0]! - 1);
  const port = output(
    probabilities,
    'masks',
    ['batch', 'detections', 'mask_height', 'mask_width'],
    `probabilities, one sample per ${stride} pixels of the padded input`,
  );
  return [...outputs, port];
}

/** Of the class and box outputs of all cells; NaN or infinite where a part of the network is. */
export function sumOutput(build: Builder, { levels }: HeadValues): Output {
  const sums = levels.flatMap(({ classLogits, distances, qualityLogits }) =>
    [classLogits, distances, qualityLogits].map((values) =>
      build.add('ReduceSum', [values], { keepdims: 0 }),
    ),
  );
  return output(build.add('Sum', sums), 'sum', [], 'of all that the heads say');
}

function output(value: Value, name: string, shape: Port['shape'], description: string): Output {
  return { value, port: { name, type: 'float32', shape, description } };
}

/** Weights and biases of three 1×1 layers over d features and two coordinates. */
function kernelSize(d: number): number {
  return (d + 2) * d + d * d + d + 2 * d + 1;
}
