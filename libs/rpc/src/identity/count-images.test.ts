import { describe, expect, it } from 'vitest';
import { countStreamedImages, imagesOf } from './count-images.ts';
import { ANONYMOUS } from './identity.ts';
import { createQuotas } from './quotas.ts';

const batch = (shape: readonly unknown[]) => ({ inputs: [{ shape }] });

describe('imagesOf', () => {
  it('is the batch of the Open Inference Protocol, and one for everything else', () => {
    expect([batch([3]), batch([2, 480, 640, 3]), batch([]), {}].map(imagesOf)).toEqual([3, 2, 1, 1]);
  });

  it('makes nothing of shapes that make no sense: they are refused where they are read', () => {
    expect([batch([-5]), batch(['x']), batch([1e12]), batch([1.5])].map(imagesOf)).toEqual([1, 1, 256, 1]);
  });
});

describe('countStreamedImages', () => {
  it('holds a place for every image of a message until it is answered', async () => {
    const identity = { ...ANONYMOUS, name: 'camera', quota: { queuedImages: 4 } };
    const quotas = createQuotas();
    async function* messages(): AsyncGenerator<object> {
      yield await Promise.resolve(batch([3]));
      yield batch([2]);
    }
    const count = countStreamedImages(quotas, identity, messages());
    const requests = count.requests[Symbol.asyncIterator]();
    await requests.next();
    expect(() => quotas.takeImages(identity, 2)).toThrow(/3 images waiting, at most 4/);
    const second = requests.next();
    count.answered();
    expect((await second).done).toBe(false);
    expect(() => quotas.takeImages(identity, 3)).toThrow(/2 images waiting/);
    count.end();
    quotas.takeImages(identity, 4)();
  });
});
