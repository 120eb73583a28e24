import { parseDetectorConfig } from '@cassl/detector/fit-image';
import { failedPrecondition, invalidArgument } from '@cassl/errors';
import { DEFAULT_OPSET, ONNX_OUTPUTS, planOnnx, type OnnxOutputs, type OnnxPlan } from '@cassl/onnx';
import type { Registry } from '../../registry.ts';
import { derivedFile, type DerivedServedFile } from './derived-file.ts';
import type { OpenCheckpoint } from './open-checkpoint.ts';
import { OCTETS } from './own-file.ts';

/** Raised whenever a graph is laid out otherwise: what was digested before is then digested anew. */
const LAYOUT = 1;

/**
 * A detector as an ONNX model: the graph is made of its configuration, and the weights follow from the stored blob as they are.
 * @throws FAILED_PRECONDITION for a checkpoint whose manifest has no detector
 */
export function onnxFile(
  registry: Registry,
  open: OpenCheckpoint,
  outputs: OnnxOutputs,
): Promise<DerivedServedFile> {
  const plan = planOf(open, outputs);
  return derivedFile(registry, open.blob, {
    view: `onnx${LAYOUT}/${DEFAULT_OPSET}/${outputs}`,
    contentType: OCTETS,
    pieces: () => plan.pieces,
    checksummed: new Map(),
  });
}

function planOf({ checkpoint, tensors }: OpenCheckpoint, outputs: OnnxOutputs): OnnxPlan {
  const { digest, manifest } = checkpoint;
  if (manifest?.model === undefined) {
    throw failedPrecondition(
      `checkpoint ${digest} has no detector configuration in its manifest, so it has no graph: weights alone are in the other forms`,
    );
  }
  const categories = manifest.categories.map(({ name }) => name);
  return planOnnx(tensors, { config: parseDetectorConfig(manifest.model), outputs, categories });
}

/** @throws INVALID_ARGUMENT naming what there is */
export function checkOutputs(name: string): OnnxOutputs {
  const found = ONNX_OUTPUTS.find((outputs) => outputs === name);
  if (found !== undefined) return found;
  throw invalidArgument(`outputs must be one of ${ONNX_OUTPUTS.join(', ')}, got ${JSON.stringify(name)}`);
}
