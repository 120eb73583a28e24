import {
  DetectorServiceDefinition,
  LabelerServiceDefinition,
  type DetectionOptions,
  type LabelingOptions,
} from '@cassl/proto';
import { implement, type ServedService } from '@cassl/rpc';
import { USUAL_OPTIONS, type InferenceOptions } from '@cassl/workers/inference-options';
import { answerImage, answerStream, type AnswerContext, type ImageRequest } from './online/answer-images.ts';
import { checkLimits } from './labeling/check-labeling-spec.ts';
import type { Labelings } from './labeling/labelings.ts';

export type AnswerParts = Omit<AnswerContext, 'isAgnostic'>;

/** RPC ⇄ domain. */
export function labelerService(labelings: Labelings, parts: AnswerParts): ServedService {
  const context = { ...parts, isAgnostic: true };
  return implement(LabelerServiceDefinition, {
    label: async (request, caller) => ({
      detections: await answerImage(context, toLabelRequest(request), caller),
    }),
    async *labelStream(requests, caller) {
      for await (const detections of answerStream(context, map(requests, toLabelRequest), caller))
        yield { detections };
    },
    startLabeling: async ({ id, spec }, { identity }) => ({
      labeling: await labelings.start(id, spec, identity),
    }),
    getLabeling: async ({ id }) => ({ labeling: await labelings.get(id) }),
    async *watchLabeling({ id }, { signal, stopping }) {
      for await (const labeling of labelings.watch(id, AbortSignal.any([signal, stopping])))
        yield { labeling };
    },
    cancelLabeling: async ({ id }) => ({ labeling: await labelings.cancel(id) }),
    listLabelings: (page) => {
      const { items, nextPageToken } = labelings.list(page);
      return Promise.resolve({ labelings: items, nextPageToken });
    },
    listLabelFiles: async ({ id, ...page }) => {
      const { items, nextPageToken } = await labelings.files(id, page);
      return { files: items, nextPageToken };
    },
    pauseLabeling: async ({ id, reason }) => ({ labeling: await labelings.pause(id, reason) }),
    resumeLabeling: async ({ id }, { identity }) => ({ labeling: await labelings.resume(id, identity) }),
    retryDeadShards: async ({ id }, { identity }) => ({
      labeling: await labelings.retryDead(id, identity),
    }),
  });
}

/** RPC ⇄ domain. */
export function detectorService(parts: AnswerParts): ServedService {
  const context = { ...parts, isAgnostic: false };
  return implement(DetectorServiceDefinition, {
    detect: async (request, caller) => ({
      detections: await answerImage(context, toDetectRequest(request), caller),
    }),
    async *detectStream(requests, caller) {
      for await (const detections of answerStream(context, map(requests, toDetectRequest), caller))
        yield { detections };
    },
  });
}

type Asked<Options> = Pick<ImageRequest, 'checkpoint' | 'image' | 'priority'> & {
  readonly options?: Options | undefined;
};

function toLabelRequest({ checkpoint, image, options, priority }: Asked<LabelingOptions>): ImageRequest {
  checkLimits('options', options);
  return {
    checkpoint,
    image,
    priority,
    options: { ...limits(options), masks: true, nonOverlap: options?.nonOverlap ?? false },
  };
}

function toDetectRequest({ checkpoint, image, options, priority }: Asked<DetectionOptions>): ImageRequest {
  checkLimits('options', options);
  return {
    checkpoint,
    image,
    priority,
    options: { ...limits(options), masks: options?.boxesOnly !== true, nonOverlap: false },
  };
}

function limits(
  options: { readonly threshold: number; readonly maxDetections: number } | undefined,
): Pick<InferenceOptions, 'threshold' | 'maxDetections'> {
  return {
    threshold: options?.threshold || USUAL_OPTIONS.threshold,
    maxDetections: options?.maxDetections || USUAL_OPTIONS.maxDetections,
  };
}

async function* map<From, To>(items: AsyncIterable<From>, change: (item: From) => To): AsyncGenerator<To> {
  for await (const item of items) yield change(item);
}
