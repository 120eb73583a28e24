import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '@cassl/errors';
import type { InferenceRuntime, RuntimeLogger } from '@cassl/inference';

export interface PinnedModels {
  readonly inference: Pick<InferenceRuntime, 'load' | 'isReady'>;
  /** Aliases or digests. */
  readonly names: readonly string[];
  readonly setReady: (isReady: boolean) => void;
  readonly logger: RuntimeLogger;
  readonly signal: AbortSignal;
}

/** Pause after a model that could not be loaded: a registry that is starting, a checkpoint that is not published yet. */
const RETRY_MS = 2000;
/** A process that died takes readiness away until its successor is warm. */
const LOOK_EVERY_MS = 500;

/** Loads the pinned models and keeps the service ready exactly while all of them are warm. */
export async function pinModels({ inference, names, setReady, logger, signal }: PinnedModels): Promise<void> {
  if (names.length === 0) return;
  setReady(false);
  const load = async (name: string): Promise<void> => {
    while (!signal.aborted) {
      try {
        await inference.load(name, { pin: true, signal });
        return;
      } catch (error) {
        logger.warn({ model: name, err: errorMessage(error) }, 'a pinned model is not loaded, trying again');
        await pause(RETRY_MS, signal);
      }
    }
  };
  await Promise.all(names.map(load));
  for (let wasReady = false; !signal.aborted; await pause(LOOK_EVERY_MS, signal)) {
    const isReady = inference.isReady();
    if (isReady !== wasReady) setReady(isReady);
    wasReady = isReady;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
