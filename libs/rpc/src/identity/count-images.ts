import type { Identity } from './identity.ts';
import type { Quotas } from './quotas.ts';

/** Every request message of an `infer` call is one image, every answer gives its place back. */
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
      held.push(await waitForPlace(quotas, identity, () => held.length > 0));
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
  willFree: () => boolean,
): Promise<() => void> {
  for (;;) {
    try {
      return quotas.takeImages(identity, 1);
    } catch (error) {
      if (!willFree()) throw error;
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
}
