import type { FoundModel, ModelReport } from '@cassl/inference';
import type {
  ModelConfig,
  ModelMetadataResponse,
  ModelStatistics,
  ServerMetadataResponse,
} from '@cassl/proto/inference';
import { VERSION } from './ask-images.ts';
import { MAX_IMAGE_BYTES, MAX_IMAGES } from './read-images.ts';
import type { SharedRegions } from './shared-memory/regions.ts';
import type { ModelView, TensorSpec } from './views/model-view.ts';

const PLATFORM = 'cassl';
const TYPES = { BYTES: 'TYPE_STRING', UINT8: 'TYPE_UINT8', INT32: 'TYPE_INT32', FP32: 'TYPE_FP32' } as const;

const EXTENSIONS = [
  'binary_tensor_data',
  'model_configuration',
  'model_repository',
  'model_repository(unload_dependents)',
  'parameters',
  'schedule_policy',
  'statistics',
];

export function describeServer({ isAllowed }: Pick<SharedRegions, 'isAllowed'>): ServerMetadataResponse {
  const extensions = isAllowed ? [...EXTENSIONS, 'system_shared_memory'] : EXTENSIONS;
  return { name: 'cassl', version: '2', extensions };
}

/** A model of the registry and how it is seen. */
export interface SeenModel {
  readonly found: FoundModel;
  readonly view: ModelView;
}

export function describeModel(name: string, { found, view }: SeenModel): ModelMetadataResponse {
  const tensors = (specs: readonly TensorSpec[]) =>
    specs.map((spec) => ({ name: spec.name, datatype: spec.datatype, shape: [...spec.shape] }));
  return {
    name,
    versions: [VERSION],
    platform: PLATFORM,
    inputs: tensors(view.inputs(found)),
    outputs: tensors(view.outputs(found)),
  };
}

export function configureModel(name: string, { found, view }: SeenModel): ModelConfig {
  const { digest, categories } = found;
  const { maxBatchSize } = view;
  const text = (value: string | number) => ({ stringValue: String(value) });
  const tensor = ({ name: tensorName, datatype, shape }: TensorSpec) => ({
    name: tensorName,
    dataType: TYPES[datatype as keyof typeof TYPES],
    // Where a model has a batch size, its configuration leaves the batch out, and metadata does not.
    dims: maxBatchSize === 0 ? [...shape] : shape.slice(1),
  });
  const inputs = view.inputs(found);
  return {
    name,
    platform: PLATFORM,
    backend: PLATFORM,
    maxBatchSize,
    input: inputs.map((spec) => ({
      ...tensor(spec),
      format: spec.format ?? 'FORMAT_NONE',
      optional: inputs.length > 1,
    })),
    output: view.outputs(found).map(tensor),
    parameters: {
      checkpoint_digest: text(digest),
      categories: text(JSON.stringify(categories)),
      max_images: text(MAX_IMAGES),
      max_image_bytes: text(MAX_IMAGE_BYTES),
    },
    modelTransactionPolicy: { decoupled: false },
  };
}

/** A resident model answers to its names and its digest. */
export function namesOf({ names, digest }: ModelReport): readonly string[] {
  return names.length === 0 ? [digest] : names;
}

const NEVER = { count: 0, ns: 0 };

export function countModel(name: string, { statistics, residentBytes }: ModelReport): ModelStatistics {
  const { success, fail, queue, computeInput, computeInfer, computeOutput, batches } = statistics;
  return {
    name,
    version: VERSION,
    lastInference: Math.round(statistics.lastInferenceMs),
    inferenceCount: statistics.inferenceCount,
    executionCount: statistics.executionCount,
    inferenceStats: {
      success,
      fail,
      queue,
      computeInput,
      computeInfer,
      computeOutput,
      cacheHit: NEVER,
      cacheMiss: NEVER,
    },
    batchStats: batches.map(({ batchSize, count, computeNs, outputNs }) => ({
      batchSize,
      computeInput: NEVER,
      computeInfer: { count, ns: computeNs },
      computeOutput: { count, ns: outputNs },
    })),
    memoryUsage: [{ type: 'CPU', id: 0, byteSize: Math.round(residentBytes) }],
  };
}
