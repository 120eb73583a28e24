import { cancelled, deadlineExceeded, type CasslError } from '@cassl/errors';
import type { InferenceOptions } from '@cassl/workers';
import type { ImageInput } from '../inference-request.ts';
import type { ModelAnswer } from './model-messages.ts';
import { addLoad, NO_LOAD, overload, type QueueLimits, type QueueLoad } from './queue-limits.ts';
import { waitForEnd } from './wait-for-end.ts';

/** One image for one model; every field filled. */
export interface QueuedRequest {
  readonly image: ImageInput;
  readonly options: InferenceOptions;
  /** 1 is served first. */
  readonly priority: number;
  /** Unix time in milliseconds; Infinity for none. */
  readonly expiresAt: number;
  readonly signal: AbortSignal | undefined;
  readonly whenFull: 'refuse' | 'wait';
  /** What it adds to the queue. */
  readonly load: QueueLoad;
}

/** An image that was let in. It settles once, and leaves the queue by settling. */
export interface QueueEntry extends QueuedRequest {
  /** A process died with it inside: it goes alone, and the next death is its own fault. */
  isSuspect: boolean;
  resolve(answer: ModelAnswer): void;
  reject(error: Error): void;
}

export interface ModelQueueOptions {
  readonly limits: QueueLimits;
  /** Images that a process has taken and not answered. */
  readonly inside: () => number;
  /** What an image costs lately; undefined where that is not known yet. */
  readonly msPerImage: () => number | undefined;
  /** Something can be taken, or the last image has left. */
  readonly onChange: () => void;
}

/** The images that wait for one model, by priority and age, within limits. */
export interface ModelQueue {
  /** Waits for the answer; for room too, where the request says so. @throws RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED, CANCELLED */
  ask(request: QueuedRequest): Promise<ModelAnswer>;
  readonly first: QueueEntry | undefined;
  take(): void;
  putBack(entry: QueueEntry): void;
  /** Everybody who waits gets this. */
  close(error: CasslError): void;
  /** Images that wait; those taken are not among them. */
  readonly size: number;
}

export function createModelQueue(options: ModelQueueOptions): ModelQueue {
  const { limits, onChange } = options;
  const waiting: QueueEntry[] = [];
  /** Those who wait for room, oldest first. */
  const outside = new Set<() => void>();
  /** Of what waits and what is being computed. */
  let held: QueueLoad = NO_LOAD;
  let closedWith: CasslError | undefined;

  const tooLate = ({ expiresAt, priority }: QueuedRequest): CasslError | undefined => {
    if (expiresAt === Infinity) return undefined;
    const left = expiresAt - Date.now();
    const ahead = options.inside() + waiting.filter((entry) => entry.priority <= priority).length;
    const needed = (ahead + 1) * (options.msPerImage() ?? 0);
    if (left <= 0)
      return deadlineExceeded(
        `the deadline had passed by ${Math.ceil(-left)} ms when the request came to the queue`,
      );
    if (needed <= left) return undefined;
    return deadlineExceeded(
      `the deadline is in ${Math.round(left)} ms and ${ahead} images are ahead, at least ${Math.round(needed)} ms of work`,
    );
  };

  const enter = (request: QueuedRequest): Promise<ModelAnswer> =>
    new Promise((resolve, reject) => {
      held = addLoad(held, request.load);
      const end = waitForEnd(request, 'the deadline passed before the answer', (error) =>
        entry.reject(error),
      );
      let isOver = false;
      const once = (settle: () => void): void => {
        if (isOver) return;
        isOver = true;
        end();
        held = addLoad(held, request.load, -1);
        const place = waiting.indexOf(entry);
        if (place >= 0) waiting.splice(place, 1);
        settle();
        const [next] = outside;
        next?.();
        onChange();
      };
      const entry: QueueEntry = {
        ...request,
        isSuspect: false,
        resolve: (answer) => once(() => resolve(answer)),
        reject: (error) => once(() => reject(error)),
      };
      const place = waiting.findIndex(({ priority }) => priority > request.priority);
      waiting.splice(place < 0 ? waiting.length : place, 0, entry);
      onChange();
    });

  const waitForRoom = (request: QueuedRequest): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        outside.delete(go);
        end();
      };
      const go = (): void => {
        leave();
        resolve();
      };
      const end = waitForEnd(request, 'the deadline passed while the queue was full', (error) => {
        leave();
        reject(error);
      });
      outside.add(go);
    });

  return {
    async ask(request) {
      for (;;) {
        if (closedWith !== undefined) throw closedWith;
        if (request.signal?.aborted === true) throw cancelled('the caller has gone away');
        const late = tooLate(request);
        if (late !== undefined) throw late;
        const refusal = overload(held, request.load, limitsFor(request, limits));
        if (refusal === undefined) return enter(request);
        if (request.whenFull === 'refuse') throw refusal;
        await waitForRoom(request);
      }
    },
    get first() {
      return waiting[0];
    },
    take: () => void waiting.shift(),
    putBack: (entry) => void waiting.unshift(entry),
    close(error) {
      closedWith = error;
      for (const entry of [...waiting]) entry.reject(error);
      for (const go of [...outside]) go();
    },
    get size() {
      return waiting.length;
    },
  };
}

/** Those who wait for room fill half of the places: whoever is refused without one finds one beside any number of them. */
function limitsFor({ whenFull }: QueuedRequest, limits: QueueLimits): QueueLimits {
  return whenFull === 'refuse' ? limits : { ...limits, images: Math.ceil(limits.images / 2) };
}
