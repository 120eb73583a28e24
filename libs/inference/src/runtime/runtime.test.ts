import { encodePng } from '@cassl/vision';
import { afterEach, describe, expect, it } from 'vitest';
import { openNoOpRuntime } from './open-no-op-runtime.ts';
import type { InferenceRuntime, RuntimeOptions } from './runtime.ts';

const opened: InferenceRuntime[] = [];
afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.stop(0);
});

function open(options: Partial<RuntimeOptions> = {}): InferenceRuntime {
  const runtime = openNoOpRuntime(options);
  opened.push(runtime);
  return runtime;
}

const image = (width: number, height: number) =>
  ({ kind: 'rgb', width, height, data: new Uint8Array(width * height * 3) }) as const;

describe('the inference runtime', () => {
  it('never gives a reply to another caller', async () => {
    const runtime = open({ limits: { images: 4096, bytes: 2 ** 30, pixels: 1e9 } });
    // Each request has a size that no other has at that time, which the no-op model's only box repeats.
    const total = Number(process.env['CASSL_REPLIES'] ?? 5_000);
    let next = 0;
    const caller = async (): Promise<void> => {
      for (let index = next++; index < total; index = next++) {
        const [width, height] = [1 + (index % 97), 1 + (Math.floor(index / 97) % 89)];
        const { detections, ...answer } = await runtime.infer({
          model: index % 3 === 0 ? 'a' : 'b',
          image: image(width, height),
          priority: 1 + (index % 9),
        });
        expect([answer.width, answer.height, answer.model.digest]).toEqual([
          width,
          height,
          index % 3 === 0 ? 'a' : 'b',
        ]);
        expect(detections[0]!.box).toEqual([0, 0, width, height]);
      }
    };
    await Promise.all(Array.from({ length: 64 }, caller));
    const [a, b] = runtime.list();
    expect(a!.statistics.inferenceCount + b!.statistics.inferenceCount).toBe(total);
  });

  it('answers encoded images, and a bad one does not hurt its neighbours', async () => {
    const runtime = open();
    const png = await encodePng({ width: 5, height: 4, data: new Uint8Array(60) });
    const ask = (bytes: Uint8Array) => runtime.infer({ model: 'a', image: { kind: 'encoded', bytes } });
    const cut = png.subarray(0, png.length - 20);
    const [good, bad, worse] = await Promise.allSettled([ask(png), ask(cut), ask(Buffer.from('nonsense'))]);
    expect(good).toMatchObject({ value: { width: 5, height: 4, metadata: { batchSize: 1 } } });
    expect(bad).toMatchObject({ reason: { code: 'INVALID_ARGUMENT' } });
    expect(worse).toMatchObject({ reason: { code: 'INVALID_ARGUMENT' } });
  });

  it('refuses what the queue has no room for by images, bytes and pixels, or lets it wait', async () => {
    const runtime = open({ limits: { images: 2, bytes: 2 ** 28, pixels: 4e8 } });
    const ask = (whenFull: 'refuse' | 'wait') => runtime.infer({ model: 'a', image: image(2, 2), whenFull });
    const asked = await Promise.allSettled([
      ask('refuse'),
      ask('refuse'),
      ask('refuse'),
      ask('wait'),
      ask('wait'),
    ]);
    expect(asked.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(asked[2]).toMatchObject({
      reason: { code: 'RESOURCE_EXHAUSTED', message: expect.stringContaining('limit is 2 images') as string },
    });
  });

  it('keeps places for those who are refused without one, however many wait for room', async () => {
    const runtime = open({ limits: { images: 4, bytes: 2 ** 28, pixels: 4e8 } });
    const ask = (whenFull: 'refuse' | 'wait') => runtime.infer({ model: 'a', image: image(2, 2), whenFull });
    const waiting = Array.from({ length: 12 }, () => ask('wait'));
    await expect(Promise.all([...waiting, ask('refuse'), ask('refuse')])).resolves.toHaveLength(14);
  });

  it('names the field of a request that is wrong', async () => {
    const runtime = open();
    const ask = (changes: object) => runtime.infer({ model: 'a', image: image(2, 2), ...changes });
    await expect(ask({ options: { threshold: NaN } })).rejects.toThrow(
      'options.threshold must be in [0, 1), got NaN',
    );
    await expect(ask({ options: { maxDetections: 0 } })).rejects.toThrow('options.maxDetections');
    await expect(ask({ priority: 10 })).rejects.toThrow('priority');
    await expect(ask({ timeoutMs: 0 })).rejects.toThrow('timeoutMs');
    await expect(ask({ image: { ...image(2, 2), width: 3 } })).rejects.toThrow(
      '3 × 2 × 3 = 18 bytes, got 12',
    );
    await expect(ask({ image: { ...image(2, 2), width: -1 } })).rejects.toThrow('image.width');
  });

  it('cancels and expires what waits', async () => {
    const runtime = open();
    const controller = new AbortController();
    const cancelled = runtime.infer({ model: 'a', image: image(2, 2), signal: controller.signal });
    const expired = runtime.infer({ model: 'a', image: image(2, 2), timeoutMs: 5 });
    controller.abort();
    // The model is still loading.
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(expired).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('keeps nothing of what was cancelled in its queue, and computes none of it', async () => {
    const runtime = open();
    const controller = new AbortController();
    const asked = Array.from({ length: 100 }, () =>
      runtime.infer({ model: 'a', image: image(2, 2), signal: controller.signal }),
    );
    const settled = Promise.allSettled(asked);
    // The model is loading, so all of them wait.
    await expect.poll(() => runtime.list()[0]?.pending, { timeout: 20_000 }).toBe(100);
    controller.abort();
    for (const { status } of await settled) expect(status).toBe('rejected');
    expect(runtime.list()[0]?.pending).toBe(0);
    await runtime.infer({ model: 'a', image: image(2, 2) });
    expect(runtime.list()[0]?.statistics.inferenceCount).toBe(1);
  });

  it('takes nothing new while it drains, and answers what it took', async () => {
    const runtime = open();
    const taken = runtime.infer({ model: 'a', image: image(2, 2) });
    await runtime.load('a', { pin: true });
    expect(runtime.isReady()).toBe(true);
    runtime.drain();
    expect(runtime.isReady()).toBe(false);
    await expect(runtime.infer({ model: 'a', image: image(2, 2) })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    await expect(taken).resolves.toMatchObject({ width: 2 });
  });

  it('evicts the model used least recently, or says that the budget is spent', async () => {
    const budget = { bytes: 160 * 2 ** 20, policy: 'evict' } as const;
    const runtime = open({ budget });
    await runtime.load('a');
    await runtime.load('b');
    await runtime.load('c');
    expect(runtime.list().map(({ digest }) => digest)).not.toContain('a');
    const strict = open({ budget: { ...budget, policy: 'refuse' } });
    await strict.load('a', { pin: true });
    await strict.load('b').catch(() => undefined);
    await expect(strict.load('c')).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  });
});
