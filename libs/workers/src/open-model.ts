import { readSafetensors } from '@cassl/checkpoints';
import { createDetector, type Detector } from '@cassl/detector';
import { failedPrecondition } from '@cassl/errors';
import type { Category, Checkpoint } from '@cassl/proto';

/** A checkpoint of the registry, ready to detect. */
export interface OpenModel {
  readonly digest: string;
  readonly detector: Detector;
  /** By classifier channel. */
  readonly categories: readonly Category[];
}

/**
 * Builds the detector that a checkpoint's manifest describes, on the current engine, with its weights.
 * @throws FAILED_PRECONDITION where the manifest is not a detector's or the file does not fit it
 */
export async function openModel(checkpoint: Checkpoint, path: string): Promise<OpenModel> {
  const { digest, manifest } = checkpoint;
  if (manifest?.model === undefined || manifest.categories.length === 0) {
    throw failedPrecondition(
      `checkpoint ${digest} has no detector configuration in its manifest, so it cannot detect`,
    );
  }
  const detector = createDetector(manifest.model, { weights: 'zero' });
  const { tensors } = await readSafetensors(path);
  detector.loadStateDict(tensors, { strict: true });
  return { digest, detector, categories: manifest.categories };
}
