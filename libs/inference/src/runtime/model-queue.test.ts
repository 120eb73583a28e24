import { expect, it } from 'vitest';
import { createModelQueue, type QueuedRequest } from './model-queue.ts';

const request = (leftMs: number) =>
  ({
    load: { images: 1, bytes: 1, pixels: 1 },
    priority: 5,
    expiresAt: Date.now() + leftMs,
    whenFull: 'refuse',
    signal: undefined,
  }) as unknown as QueuedRequest;

const queue = createModelQueue({
  limits: { images: 4, bytes: 100, pixels: 100 },
  msPerImage: () => 60_000,
  inside: () => 2,
  onChange: () => undefined,
});

it('says by how much a deadline had passed, and what stands before one that is too near', async () => {
  await expect(queue.ask(request(-8))).rejects.toThrow(/^the deadline had passed by [1-9]\d* ms/);
  await expect(queue.ask(request(30_000))).rejects.toThrow(
    /^the deadline is in \d+ ms and 2 images are ahead, at least 180000 ms of work$/,
  );
});
