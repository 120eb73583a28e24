import { importWeights, readCheckpoint, readSafetensors } from '@cassl/checkpoints';
import type { Detector } from '@cassl/detector';
import { failedPrecondition } from '@cassl/errors';
import { ClassifierInitialization, type TrainingSpec } from '@cassl/proto';
import { downloadCheckpoint, type Logger } from '@cassl/rpc';
import { readablePath } from '@cassl/storage';
import type { RegistryClient } from '@cassl/workers';
import { toDetectorParts } from './inherited-parts.ts';

export interface InitializeDetectorOptions {
  readonly detector: Detector;
  readonly spec: TrainingSpec;
  readonly registry: RegistryClient;
  readonly cacheDir: string;
  readonly logger: Logger;
  /** The weights come from a resumed checkpoint: only find the parents. */
  readonly skip: boolean;
}

/**
 * First weights: backbone weights of any known framework, then the parts of a registry checkpoint (method.md 1.8).
 * Answers the digests of the checkpoints that it took.
 */
export async function initializeDetector(options: InitializeDetectorOptions): Promise<string[]> {
  const { detector, spec, registry, cacheDir, logger, skip } = options;
  const { initialization } = spec;
  if (initialization === undefined) return [];
  if (initialization.backboneUri !== '' && !skip) {
    const file = await readCheckpoint(
      await readablePath('Initialization.backbone_uri', initialization.backboneUri),
    );
    // Whatever names they have: torchvision's, timm's, Swin's, detectron2's, or ours after `cassl import`.
    const { tensors } = importWeights(file.tensors);
    const report = detector.loadStateDict(tensors, { parts: ['backbone'] });
    if (report.missing.length > 0) {
      throw failedPrecondition(
        `Initialization.backbone_uri ${initialization.backboneUri} lacks ${report.missing.length} of the backbone's weights, ${report.missing
          .slice(0, 3)
          .map(({ name }) => name)
          .join(', ')}…: is it a file for another backbone?`,
      );
    }
    logger.info({ matched: report.matched.length }, 'backbone weights loaded');
  }
  if (initialization.checkpoint === '') return [];
  const { path, checkpoint } = await downloadCheckpoint({
    client: registry,
    reference: initialization.checkpoint,
    cacheDir,
  });
  const { digest } = checkpoint;
  if (!skip) {
    const { tensors } = await readSafetensors(path);
    const parts = toDetectorParts(initialization.parts);
    const isRandom = initialization.classifier === ClassifierInitialization.CLASSIFIER_INITIALIZATION_RANDOM;
    const report = detector.loadStateDict(tensors, {
      ...(parts.length === 0 ? {} : { parts }),
      classifier: isRandom ? 'random' : 'replicate',
      seed: spec.seed,
    });
    const { matched, adapted, missing, skipped } = report;
    logger.info(
      {
        digest,
        matched: matched.length,
        adapted: adapted.length,
        missing: missing.length,
        skipped: skipped.length,
      },
      'started from a checkpoint',
    );
  }
  return [digest];
}
