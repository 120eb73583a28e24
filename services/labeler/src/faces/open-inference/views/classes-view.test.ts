import type { FoundModel, InferAnswer } from '@cassl/inference';
import { describe, expect, it } from 'vitest';
import { CLASSES, PIXEL_CLASSES } from './classes-view.ts';
import type { Outcome } from './model-view.ts';
import { readModelName } from './read-model-name.ts';

const categories = ['cat', 'dog', 'bird'].map((name, index) => ({ id: index + 1, name, supercategory: '' }));
const metadata = { batchSize: 1, paddingWaste: 0, queueMs: 0, inputMs: 0, computeMs: 0, outputMs: 0 };

function found(...objects: readonly (readonly [category: number, score: number])[]): Outcome {
  const detections = objects.map(([category, score]) => ({ box: [0, 0, 1, 1] as const, category, score }));
  const answer: InferAnswer = {
    model: { digest: 'd', categories },
    width: 1,
    height: 1,
    detections,
    metadata,
  };
  return { answer };
}

const OUTCOMES = [found([1, 0.5], [1, 0.75], [0, 0.25]), found()];

describe('a detector seen as a classifier', () => {
  it('scores a class as its best detection, in the order of the classes', () => {
    const [tensor] = CLASSES.open([]).write(OUTCOMES);
    expect(tensor).toMatchObject({ name: 'classes', datatype: 'FP32', shape: [2, 3] });
    expect([...tensor!.values]).toEqual([0.25, 0.75, 0, 0, 0, 0]);
  });

  it('gives the best K as text, and no more than there are classes', () => {
    const best = (classes: number) => CLASSES.open([{ name: 'classes', classes }]).write(OUTCOMES)[0];
    expect(best(2)).toMatchObject({ datatype: 'BYTES', shape: [2, 2] });
    expect(best(2)!.values).toEqual(['0.750000:1:dog', '0.250000:0:cat', '0.000000:0:cat', '0.000000:1:dog']);
    expect(best(1000)!.shape).toEqual([2, 3]);
  });

  it('describes the usual size of the detector, with one input and one output, as classifiers have', () => {
    const model = { resizeShortSide: 240, resizeLongSide: 400 };
    const checkpoint = { manifest: { model } } as never;
    const seen: FoundModel = {
      digest: 'd',
      categories,
      sizeBytes: 0,
      spec: { kind: 'detector', path: '', checkpoint },
    };
    expect(PIXEL_CLASSES.inputs(seen)).toMatchObject([{ shape: [-1, 240, 320, 3], format: 'FORMAT_NHWC' }]);
    expect(PIXEL_CLASSES.outputs(seen)).toMatchObject([{ shape: [-1, 3] }]);
  });

  it('fails a batch by the image that cannot be used, and names outputs that it does not have', () => {
    const outputs = CLASSES.open([]);
    expect(() => outputs.write([OUTCOMES[0]!, { error: 'no image' }])).toThrow('inputs[0][1]: no image');
    expect(() => CLASSES.open([{ name: 'boxes', classes: undefined }])).toThrow('"boxes" is not an output');
  });

  it('is asked for by what stands behind the name, and a digest is no such thing', () => {
    expect(readModelName('warmup@prod:classes')).toEqual({ model: 'warmup@prod', view: CLASSES });
    expect(readModelName('a:pixel-classes').view).toBe(PIXEL_CLASSES);
    for (const name of ['sha256:ab', 'classes', 'a:constructor', ''])
      expect(readModelName(name).model).toBe(name);
  });
});
