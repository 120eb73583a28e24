import type { Identity } from './identity.ts';
import type { Quotas } from './quotas.ts';

/** As many as a request may have; more are refused where it is read. */
const MOST_IMAGES = 256;

/** Images of one message of an `infer` call: the first dimension of the Open Inference Protocol's tensors, else one. */
export function imagesOf(request: unknown): number {
  const { inputs } = request as { readonly inputs?: readonly { readonly shape?: readonly unknown[] }[] };
  const count = Math.max(1, ...(inputs ?? []).map(({ shape }) => Number(shape?.[0] ?? 1)));
  return Number.isInteger(count) ? Math.min(count, MOST_IMAGES) : 1;
}

/** Every request message of an `infer` call holds its images' places, every answer gives one message's back. */
export interface ImageCount<Request> {
  /** The requests, counted; the next one waits where the identity's places are taken: a stream is slowed, not failed. */
  readonly requests: AsyncIterable<Request>;
  answered(): void;
  end(): void;
}

const WAIT_MS = 20;

export function countStreamedImages<Request>(
  quotas: Quotas,
  identity: Identity,
  requests: AsyncIterable<Request>,
): ImageCount<Request> {
  const held: (() => void)[] = [];
  async function* counted(): AsyncGenerator<Request> {
    for await (const request of requests) {
      held.push(await waitForPlace(quotas, identity, imagesOf(request), () => held.length > 0));
      yield request;
    }
  }
  const answered = (): void => held.shift()?.();
  return {
    requests: counted(),
    answered,
    end: () => {
      while (held.length > 0) answered();
    },
  };
}

/** @throws RESOURCE_EXHAUSTED where no answer of this stream will ever free a place */
async function waitForPlace(
  quotas: Quotas,
  identity: Identity,
  count: number,
  willFree: () => boolean,
): Promise<() => void> {
  for (;;) {
    try {
      return quotas.takeImages(identity, count);
    } catch (error) {
      if (!willFree()) throw error;
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
}
