import { setImmediate as nextTurn } from 'node:timers/promises';
import { cancelled, deadlineExceeded } from '@cassl/errors';
import type { PreparedImage } from '@cassl/detector';
import type { Detection } from '@cassl/vision';
import type { InferenceOptions } from '@cassl/workers';
import type { ImageInput, InferMetadata } from '../inference-request.ts';
import type { BatchModel } from '../models/batch-model.ts';
import { fullBatches, lateBatches, type Batching } from './batching.ts';
import { prepareImage } from './prepare-image.ts';
import type { Ready } from './take-batch.ts';
import { createBudget } from './weighted-budget.ts';

/** One image for the pipeline; every field filled. */
export interface PipelineItem {
  readonly image: ImageInput;
  readonly options: InferenceOptions;
  readonly priority: number;
  /** Unix time in milliseconds after which nobody wants the answer; Infinity for never. */
  readonly expiresAt: number;
}

export interface PipelineAnswer {
  readonly width: number;
  readonly height: number;
  readonly detections: readonly Detection[];
  /** `queueMs` is the waiting within the pipeline. */
  readonly metadata: InferMetadata;
}

export interface PipelineOptions {
  /** Images of one forward pass, at most. */
  readonly maxBatch: number;
  /** Pixels of files that are decoded at the same time, at most (a larger file is decoded alone). */
  readonly decodePixels: number;
  /**
   * `late`: a batch is whatever is there when the network is free. `full`: the same images in the same order make the same batches;
   * an image may wait until {@link MOST_WAITING_BATCHES} batches of others have come behind it, or for `flush`. @default 'late'
   */
  readonly batching?: 'late' | 'full';
}

/** Decoded images that wait for company of their size in a pipeline of full batches, in batches. */
export const MOST_WAITING_BATCHES = 4;

/** Decode and resize → batches by padded size → forward → findings, each stage beside the others. */
export interface Pipeline {
  /**
   * Answers one image. The caller bounds how many are under way.
   * @throws INVALID_ARGUMENT for an image that cannot be decoded; CANCELLED, DEADLINE_EXCEEDED where nobody waits any more
   */
  submit(item: PipelineItem, signal: AbortSignal): Promise<PipelineAnswer>;
  /** What was submitted is all there is: full batches wait for no more. */
  flush(): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

interface Waiting extends Ready {
  readonly item: PipelineItem;
  readonly prepared: PreparedImage;
  readonly signal: AbortSignal;
  readonly arrivedAt: number;
  readonly inputMs: number;
  readonly resolve: (answer: PipelineAnswer) => void;
  readonly reject: (error: unknown) => void;
}

export function createPipeline(
  model: BatchModel,
  { maxBatch, decodePixels, batching = 'late' }: PipelineOptions,
): Pipeline {
  const budget = createBudget(decodePixels);
  const batches: Batching<Waiting> =
    batching === 'late' ? lateBatches(maxBatch) : fullBatches(maxBatch, MOST_WAITING_BATCHES * maxBatch);
  let submitted = 0;
  const underWay = new Set<Promise<unknown>>();
  let forwarding: Promise<void> | undefined;

  const forward = async (): Promise<void> => {
    for (let taken = batches.take(); taken !== undefined; taken = batches.take()) {
      const batch = taken.filter(isWanted);
      if (batch.length > 0) await answerBatch(model, batch);
      // What arrived during the forward pass starts to decode before the next one takes the thread.
      await nextTurn();
    }
    forwarding = undefined;
  };

  const wake = (): void => {
    forwarding ??= nextTurn().then(forward);
  };
  const add = (index: number, item: Waiting | undefined): void => {
    batches.add(index, item);
    wake();
  };
  const submit = async (item: PipelineItem, signal: AbortSignal): Promise<PipelineAnswer> => {
    const index = submitted++;
    const arrivedAt = performance.now();
    const isStale = (): void => throwIfStale(item, signal);
    const prepared = await prepareImage(model, item.image, { budget, signal, isStale }).catch(
      (error: unknown) => {
        add(index, undefined);
        throw error;
      },
    );
    return new Promise((resolve, reject) => {
      const { priority } = item;
      add(index, { item, ...prepared, signal, arrivedAt, priority, resolve, reject });
    });
  };
  return {
    submit: (item, signal) => {
      const answer = submit(item, signal);
      const settled: Promise<unknown> = answer.catch(() => undefined).finally(() => underWay.delete(settled));
      underWay.add(settled);
      return answer;
    },
    flush: () => {
      batches.flush(submitted);
      wake();
    },
    idle: async () => {
      await Promise.all(underWay);
      await forwarding;
    },
  };
}

function throwIfStale({ expiresAt }: PipelineItem, signal: AbortSignal): void {
  if (signal.aborted) throw cancelled('the caller has gone away');
  if (Date.now() > expiresAt) throw deadlineExceeded('the deadline passed before the image was computed');
}

function isWanted({ item, signal, reject }: Waiting): boolean {
  try {
    throwIfStale(item, signal);
    return true;
  } catch (error) {
    reject(error);
    return false;
  }
}

async function answerBatch(model: BatchModel, batch: readonly Waiting[]): Promise<void> {
  const startedAt = performance.now();
  try {
    const { detections, computeMs, outputMs } = await model.detect(
      batch.map(({ prepared }) => prepared),
      batch.map(({ item }) => item.options),
    );
    const paddingWaste = wasteOf(batch);
    batch.forEach(({ prepared: { original }, arrivedAt, inputMs, resolve }, index) => {
      const queueMs = Math.max(0, startedAt - arrivedAt - inputMs);
      const metadata = { batchSize: batch.length, paddingWaste, queueMs, inputMs, computeMs, outputMs };
      const { width, height } = original;
      resolve({ width, height, detections: detections[index] ?? [], metadata });
    });
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

/** Share of the input that is padding. */
function wasteOf(batch: readonly Waiting[]): number {
  const area = ({ height, width }: { height: number; width: number }): number => height * width;
  const used = batch.reduce((sum, { fit }) => sum + area(fit.resized), 0);
  return 1 - used / batch.reduce((sum, { fit }) => sum + area(fit.padded), 0);
}
