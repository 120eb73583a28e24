import { checkFinite, readSafetensors, type StateDict } from '@cassl/checkpoints';
import type { DetectorConfig } from '@cassl/detector';
import { fitImage, parseDetectorConfig } from '@cassl/detector/fit-image';
import { failedPrecondition } from '@cassl/errors';
import type { Checkpoint } from '@cassl/proto';
import { MOST_DETECTIONS } from '@cassl/workers/inference-options';
import { applyOptions } from '../apply-options.ts';
import type { BatchModel } from '../batch-model.ts';
import { checkOutputs, WARM_UP, warmUpImage } from '../warm-up.ts';
import { openOnnxSession, type OnnxSession } from './onnx-session.ts';
import { placePixels } from './place-pixels.ts';
import { readDetections } from './read-detections.ts';
import { describeOnnx, onnxThreads } from './session-options.ts';

/**
 * A checkpoint of the registry in onnxruntime, without our engine in the process.
 * @throws FAILED_PRECONDITION where the checkpoint cannot detect
 */
export async function openOnnxModel(checkpoint: Checkpoint, path: string): Promise<BatchModel> {
  const { digest, manifest } = checkpoint;
  if (manifest?.model === undefined || manifest.categories.length === 0) {
    throw failedPrecondition(
      `checkpoint ${digest} has no detector configuration in its manifest, so it cannot detect`,
    );
  }
  const { tensors } = await readSafetensors(path);
  checkFinite(tensors);
  return onnxModel(tensors, parseDetectorConfig(manifest.model));
}

/** Boxes and masks are two graphs: who wants no masks does not pay for them. All but the usual one are made when they are first wanted. */
export async function onnxModel(state: StateDict, config: DetectorConfig): Promise<BatchModel> {
  const threads = onnxThreads();
  const sessions = new Map<string, Promise<OnnxSession>>();
  const sessionFor = (masks: boolean, most: number): Promise<OnnxSession> => {
    const maxDetections = most > config.maxDetections ? MOST_DETECTIONS : config.maxDetections;
    const key = `${masks} ${maxDetections}`;
    const known =
      sessions.get(key) ?? openOnnxSession(state, { config: { ...config, maxDetections }, masks, threads });
    sessions.set(key, known);
    return known;
  };
  await sessionFor(config.masks, 0);
  const padding = config.channelOrder === 'rgb' ? config.pixelMean : config.pixelMean.toReversed();

  const detect: BatchModel['detect'] = async (images, options) => {
    const startedAt = performance.now();
    const masks = config.masks && options.some((wanted) => wanted.masks || wanted.nonOverlap);
    const fits = images.map(({ original }) => fitImage(config, original));
    const { values, shape } = placePixels(images, fits, padding);
    const session = await sessionFor(masks, Math.max(...options.map(({ maxDetections }) => maxDetections)));
    const outputs = await session.run(values, shape);
    const computedAt = performance.now();
    const detections = images.map((image, index) => {
      const [fit, wanted] = [fits[index] ?? fitImage(config, image.original), options[index] ?? WARM_UP];
      const isMasked = wanted.masks || wanted.nonOverlap;
      const own = isMasked ? outputs : { ...outputs, masks: undefined };
      const { maxDetections } = wanted;
      return applyOptions(readDetections(own, index, { config, image, fit, maxDetections }), wanted);
    });
    return { detections, computeMs: computedAt - startedAt, outputMs: performance.now() - computedAt };
  };
  return {
    fit: (original) => fitImage(config, original),
    detect,
    warmUp: async () => {
      const image = warmUpImage(config);
      const fit = fitImage(config, image.original);
      const { values, shape } = placePixels([image], [fit], padding);
      const session = await sessionFor(config.masks, 0);
      checkOutputs((await session.run(values, shape)).sum);
      await detect([image], [WARM_UP]);
    },
    dispose: () => {
      for (const session of sessions.values()) void session.then((opened) => opened.release());
    },
    config,
    engine: describeOnnx(threads),
  };
}
