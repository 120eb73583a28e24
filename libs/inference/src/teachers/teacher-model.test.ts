import { Teacher, TeacherOutput_Format as Format } from '@cassl/proto';
import { decodeMask, encodeMask, rleToString, type RgbImage } from '@cassl/vision';
import { describe, expect, it } from 'vitest';
import type { Tensor, TensorModel, TensorSpec } from './tensor-model.ts';
import { createTeacherModel } from './teacher-model.ts';

const ALL = { threshold: 0.3, maxDetections: 10, masks: true, nonOverlap: false };

/** A model that answers the same whatever it sees, and keeps what it was given. */
function modelOf(
  inputs: readonly TensorSpec[],
  outputs: Readonly<
    Record<string, { shape: readonly number[]; values: Float32Array | Int32Array | readonly Uint8Array[] }>
  >,
): TensorModel & { readonly given: Tensor[] } {
  const given: Tensor[] = [];
  const tensors = Object.entries(outputs).map(([name, { shape, values }]): [string, Tensor] => {
    const datatype =
      values instanceof Float32Array ? 'FP32' : values instanceof Int32Array ? 'INT32' : 'BYTES';
    return [name, { datatype, shape, values }];
  });
  return {
    given,
    inputs,
    outputs: tensors.map(([name, { datatype, shape }]) => ({ name, datatype, shape: shape.map(() => -1) })),
    engine: 'test',
    run: ({ tensor }) => {
      given.push(tensor);
      return Promise.resolve(new Map(tensors));
    },
    close: () => undefined,
  };
}

function picture(width: number, height: number, color = [10, 20, 30]): RgbImage {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, at) => color[at % 3]!) };
}

const shown = (width: number, height: number) => ({
  pixels: picture(width, height),
  original: { width, height },
});

const FIXED: TensorSpec = { name: 'images', datatype: 'FP32', shape: [1, 3, 64, 64] };
const outputOf = (format: Format): Pick<Teacher, 'input' | 'output'> =>
  Teacher.fromPartial({ output: { format } });

describe('a teacher from elsewhere', () => {
  it('reads YOLO: center and size of each anchor, the best class, suppressed, in pixels of the picture', async () => {
    // Two anchors on one thing, one on another, one below the threshold; [1, 4 + 2, 4].
    const fields = [
      [16, 17, 48, 5],
      [16, 16, 16, 5],
      [16, 16, 8, 2],
      [8, 8, 8, 2],
      [0.9, 0.8, 0.1, 0.1],
      [0.1, 0.2, 0.7, 0.2],
    ];
    const values = Float32Array.from(fields.flat());
    const model = createTeacherModel(
      modelOf([FIXED], { output0: { shape: [1, 6, 4], values } }),
      outputOf(Format.FORMAT_YOLO),
    );
    // 128 × 64 enters as 64 × 32: half of it.
    const { detections } = await model.detect([shown(128, 64)], [ALL]);
    expect(detections[0]).toEqual([
      { box: [16, 24, 48, 40], score: expect.closeTo(0.9) as number, category: 0 },
      { box: [88, 24, 104, 40], score: expect.closeTo(0.7) as number, category: 0 },
    ]);
    const classes = createTeacherModel(
      modelOf([FIXED], { output0: { shape: [1, 6, 4], values } }),
      outputOf(Format.FORMAT_YOLO),
      { classSpecific: true },
    );
    expect(
      (await classes.detect([shown(128, 64)], [ALL])).detections[0]!.map(({ category }) => category),
    ).toEqual([0, 1]);
  });

  it('multiplies the objectness of YOLOv5 in', async () => {
    const values = Float32Array.from([32, 32, 16, 16, 0.5, 0.8, 0.1, 32, 32, 16, 16, 0.9, 0.2, 0.9]);
    const tensors = modelOf([FIXED], { out: { shape: [1, 2, 7], values } });
    const model = createTeacherModel(tensors, outputOf(Format.FORMAT_YOLO_OBJECTNESS));
    const { detections } = await model.detect([shown(64, 64)], [ALL]);
    expect(detections[0]).toEqual([
      { box: [24, 24, 40, 40], score: expect.closeTo(0.81) as number, category: 0 },
    ]);
  });

  it('reads DETR: softmax over classes and nothing, boxes as fractions; knows it by its names', async () => {
    const logits = { shape: [1, 2, 3], values: Float32Array.from([2, 0, 0, 0, 0, 4]) };
    const boxes = { shape: [1, 2, 4], values: Float32Array.from([0.5, 0.5, 0.5, 0.25, 0.5, 0.5, 1, 1]) };
    const tensors = modelOf([FIXED], { logits, pred_boxes: boxes });
    const model = createTeacherModel(tensors, Teacher.fromPartial({ input: { stretch: true } }));
    const score = Math.exp(2) / (Math.exp(2) + 2);
    const { detections } = await model.detect([shown(128, 32)], [ALL]);
    expect(detections[0]).toEqual([
      { box: [32, 12, 96, 20], score: expect.closeTo(score, 5) as number, category: 0 },
    ]);
    const sigmoid = createTeacherModel(tensors, outputOf(Format.FORMAT_DETR_SIGMOID));
    expect((await sigmoid.detect([shown(64, 64)], [ALL])).detections[0]![0]!.score).toBeCloseTo(
      1 / (1 + Math.exp(-4)),
      5,
    );
  });

  it('reads finished boxes with counts, and masks as probabilities over the input or as run lengths of the picture', async () => {
    const boxes = { shape: [1, 2, 4], values: Float32Array.from([0, 0, 32, 32, 1, 1, 2, 2]) };
    const scores = { shape: [1, 2], values: Float32Array.from([0.9, 0.8]) };
    const num_detections = { shape: [1], values: Int32Array.from([1]) };
    const half = Float32Array.from({ length: 2 * 16 }, (_, at) => (at < 16 && at % 4 < 2 ? 1 : 0));
    const masked = modelOf([FIXED], {
      boxes,
      scores,
      num_detections,
      masks: { shape: [1, 2, 4, 4], values: half },
    });
    const image = shown(64, 64);
    const [found] = (await createTeacherModel(masked, outputOf(Format.FORMAT_BOXES)).detect([image], [ALL]))
      .detections;
    expect(found).toHaveLength(1);
    // The left half of the input.
    const { data } = decodeMask(found![0]!.mask!);
    expect([data[0], data[31], data[32], data[63]]).toEqual([1, 1, 0, 0]);
    const rle = encodeMask({ width: 128, height: 128, data: new Uint8Array(128 * 128).fill(1, 0, 500) });
    const texts = [Buffer.from(rleToString(rle)), Buffer.from('')];
    const sent = modelOf([FIXED], { boxes, scores, num_detections, masks: { shape: [1, 2], values: texts } });
    const [own] = (
      await createTeacherModel(sent, outputOf(Format.FORMAT_BOXES)).detect([shown(128, 128)], [ALL])
    ).detections;
    expect(own).toEqual([
      { box: [0, 0, 32, 32], score: expect.closeTo(0.9) as number, category: 0, mask: rle },
    ]);
  });

  it('gives the input its layout, order, factor and padding', async () => {
    const tensors = modelOf([{ name: 'x', datatype: 'FP32', shape: [-1, 2, 4, 3] }], {
      boxes: { shape: [1, 0, 4], values: new Float32Array() },
      scores: { shape: [1, 0], values: new Float32Array() },
    });
    const input = { bgr: true, mean: [1, 2, 3], std: [2, 2, 2], scale: 1, padding: 0 };
    await createTeacherModel(tensors, Teacher.fromPartial({ input })).detect([shown(2, 2)], [ALL]);
    const [{ shape, values }] = tensors.given as [Tensor];
    expect(shape).toEqual([1, 2, 4, 3]);
    const pixel = [(30 - 1) / 2, (20 - 2) / 2, (10 - 3) / 2];
    const border = [-0.5, -1, -1.5];
    const row = [...pixel, ...pixel, ...border, ...border];
    expect([...(values as Float32Array)]).toEqual([...row, ...row]);
  });

  it('sends whole files where the model takes files, and one image a call where it takes one', async () => {
    const none = {
      boxes: { shape: [1, 0, 4], values: new Float32Array() },
      scores: { shape: [1, 0], values: new Float32Array() },
    };
    const files = modelOf([{ name: 'image', datatype: 'BYTES', shape: [-1] }], none);
    await createTeacherModel(files, {} as Teacher).detect([shown(5, 4)], [ALL]);
    expect(files.given[0]).toMatchObject({ datatype: 'BYTES', shape: [1] });
    expect(
      Buffer.from((files.given[0]!.values as Uint8Array[])[0]!)
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    const single = modelOf([FIXED], none);
    await createTeacherModel(single, {} as Teacher).detect([shown(64, 64), shown(64, 64)], [ALL, ALL]);
    expect(single.given.map(({ shape }) => shape[0])).toEqual([1, 1]);
  });

  it.each([
    [
      'no image input',
      [{ name: 'ids', datatype: 'INT64', shape: [1, 7] }],
      {},
      /no input for images: ids INT64 \[1, 7\]/,
    ],
    ['a wrong name', [FIXED], { input: { name: 'pixels' } }, /no input "pixels", but images FP32/],
    [
      'an output that is not there',
      [FIXED],
      { output: { masks: 'm' } },
      /output.masks: the model has no output "m"/,
    ],
    ['two means', [FIXED], { input: { mean: [1, 2] } }, /mean must be three numbers or none, got 2/],
    ['no deviation', [FIXED], { input: { std: [1, 0, 1] } }, /std must be above 0, got 1, 0, 1/],
    ['an unknown form', [FIXED], {}, /of no known form: a FP32 \[-1, -1\]/],
  ] as const)('says what does not fit: %s', (_, inputs, settings, message) => {
    const tensors = modelOf(inputs, { a: { shape: [1, 1], values: new Float32Array(1) } });
    expect(() => createTeacherModel(tensors, Teacher.fromJSON(settings))).toThrow(message);
  });
});
