import type { DetectorConfig } from './config.ts';
import { createModel } from './model.ts';
import { createParameterList, type Parameter } from './parameters.ts';
import { DETECTOR_PARTS, type DetectorPart, partOf } from './state/parts.ts';

/** Names and shapes of a model's weights, without the weights. */
export function listParameters(config: DetectorConfig): ReadonlyMap<string, Parameter> {
  const list = createParameterList();
  createModel(list, config);
  return list.specs;
}

export interface ParameterCount {
  readonly total: number;
  readonly parts: Readonly<Record<DetectorPart, number>>;
}

/** Parameters as PyTorch counts them: buffers (running statistics, all of a frozen batch norm) are none. */
export function countParameters(config: DetectorConfig): ParameterCount {
  const parts = Object.fromEntries(DETECTOR_PARTS.map((part) => [part, 0])) as Record<DetectorPart, number>;
  for (const { name, shape, counted = true } of listParameters(config).values()) {
    if (counted) parts[partOf(name)] += shape.reduce((product, side) => product * side, 1);
  }
  return { total: Object.values(parts).reduce((sum, count) => sum + count), parts };
}
