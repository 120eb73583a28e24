import { errorCode, errorMessage } from '@cassl/errors';
import { rleToString } from '@cassl/vision';
import { workerChannel } from '@cassl/workers/worker-channel';
import { openBatchModel } from '../models/open-batch-model.ts';
import type { FoundObject } from '../inference-request.ts';
import { createPipeline, type Pipeline, type PipelineAnswer } from '../pipeline/pipeline.ts';
import type { FromModel, ModelAnswer, ToModel } from './model-messages.ts';

/** How often the process says how much memory it holds. */
const MEMORY_EVERY_MS = 10_000;

// One model in a process of its own: its memory is whole again when the process ends, and what kills it kills nothing else.
const channel = workerChannel();
const report = (message: FromModel): Promise<void> => channel.report(message);
const running = new Map<number, AbortController>();
let pipeline: Pipeline | undefined;

const load = async ({ spec, options }: Extract<ToModel, { kind: 'load' }>): Promise<void> => {
  try {
    const model = await openBatchModel(spec);
    await model.warmUp();
    pipeline = createPipeline(model, options);
    const { config, engine } = model;
    const { rss } = process.memoryUsage();
    await report({ kind: 'loaded', facts: { config, engine, residentBytes: rss } });
  } catch (error) {
    await report({ kind: 'refused', code: errorCode(error), message: errorMessage(error) });
    process.exit(1);
  }
};

const infer = async ({ id, item }: Extract<ToModel, { kind: 'infer' }>): Promise<void> => {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const answer = await pipeline?.submit(item, controller.signal);
    if (answer !== undefined) await report({ kind: 'answer', id, answer: withTexts(answer) });
  } catch (error) {
    await report({ kind: 'failure', id, code: errorCode(error), message: errorMessage(error) });
  } finally {
    running.delete(id);
  }
};

/** Masks as text: a third of the bytes of their runs, and what every protocol wants. */
function withTexts(answer: PipelineAnswer): ModelAnswer {
  const detections = answer.detections.map(({ box, score, category, mask }): FoundObject => {
    if (mask === undefined) return { box, score, category };
    const { height, width } = mask;
    return { box, score, category, mask: { height, width, counts: rleToString(mask) } };
  });
  return { ...answer, detections };
}

channel.onMessage((received) => {
  const message = received as ToModel;
  if (message.kind === 'load') void load(message);
  else if (message.kind === 'infer') void infer(message);
  else running.get(message.id)?.abort();
});
setInterval(
  () => void report({ kind: 'memory', residentBytes: process.memoryUsage().rss }),
  MEMORY_EVERY_MS,
).unref();
channel.signal.addEventListener('abort', () => {
  void Promise.resolve(pipeline?.idle()).then(() => process.exit(0));
});
