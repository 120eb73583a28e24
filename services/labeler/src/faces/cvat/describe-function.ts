import { parseDetectorConfig } from '@cassl/detector/fit-image';
import type { FoundModel } from '@cassl/inference';

/** CVAT puts a function's id into addresses that allow no slash or at sign. */
export function functionId(model: string): string {
  return model.replaceAll(/[^A-Za-z0-9_.-]/g, '.');
}

/**
 * A model as nuclio's dashboard lists its functions.
 * @param httpPort where `POST /` asks this model: CVAT calls there directly (CVAT_NUCLIO_INVOKE_METHOD=direct) and names no function;
 *   undefined where that port asks another one
 */
export function describeFunction(model: string, found: FoundModel, httpPort?: number): object {
  const { categories, digest } = found;
  const type = hasMasks(found) ? 'mask' : 'rectangle';
  const names = categories.map(({ name }, index) => (name === '' ? `object ${index + 1}` : name));
  // CVAT refuses to list any function where one has a label twice.
  const labels = (names.length === 0 ? ['object'] : [...new Set(names)]).map((name, id) => ({
    id,
    name,
    type,
    attributes: [],
  }));
  return {
    metadata: {
      name: functionId(model),
      namespace: 'nuclio',
      labels: { 'nuclio.io/project-name': 'cvat' },
      annotations: {
        name: `cassl ${model}`,
        type: 'detector',
        framework: 'cassl',
        version: '1',
        spec: JSON.stringify(labels),
        help_message: '',
      },
    },
    spec: { description: `cassl model ${model}, checkpoint ${digest}`, handler: 'cassl', runtime: 'cassl' },
    status: { state: 'ready', ...(httpPort === undefined ? {} : { httpPort }) },
  };
}

/**
 * CVAT maps a label only to labels of a task that can hold its type: `mask` to masks, polygons and those of any type, `rectangle` to
 * rectangles and those of any type.
 */
function hasMasks({ spec }: FoundModel): boolean {
  const config = spec.kind === 'detector' ? spec.checkpoint.manifest?.model : undefined;
  return config !== undefined && parseDetectorConfig(config).masks;
}
