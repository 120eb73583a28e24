import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@cassl/checkpoints';
import { createDetector, detectorPreset, type Detector } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { openRuntime, type FoundModel, type InferenceRuntime } from '@cassl/inference';
import { detectorModel } from '@cassl/inference/pipeline';
import { GRPCInferenceServiceDefinition, type ModelInferResponse } from '@cassl/proto/inference';
import { createClient, createLogger, serve, type RunningServer } from '@cassl/rpc';
import { decodeMask, decodeToFit, encodePng, rleFromString, type Detection } from '@cassl/vision';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openInferenceService } from './grpc-service.ts';
import { splitElements } from '@cassl/inference/bytes-elements';

const OPTIONS = { threshold: 0.2, maxDetections: 20, masks: true, nonOverlap: false };
/** Two sizes that share a forward pass, one that does not, and one that is smaller than the input. */
const SIZES = [
  [170, 128],
  [166, 128],
  [128, 170],
  [60, 44],
] as const;

const logger = createLogger({ name: 'test', level: 'silent' });
let folder: string;
let detector: Detector;
let inference: InferenceRuntime;
let server: RunningServer;

beforeAll(async () => {
  await openEngine();
  const changes = { priorProbability: 0.4, scoreThreshold: 0.2, classes: 2 };
  detector = createDetector(detectorPreset('tiny', changes), { seed: 4 });
  folder = await mkdtemp(join(tmpdir(), 'cassl-real-'));
  const path = join(folder, 'model.safetensors');
  await writeSafetensors(path, await detector.stateDict());
  const categories = ['cat', 'dog'].map((name, index) => ({ id: 5 + index, name }));
  const checkpoint = { digest: 'd', manifest: { model: detector.config, categories } } as never;
  const found: FoundModel = {
    digest: 'd',
    categories,
    sizeBytes: 0,
    spec: { kind: 'detector', path, checkpoint },
  };
  inference = openRuntime({
    findModel: () => Promise.resolve(found),
    budget: { bytes: 2 ** 40, policy: 'evict' },
    limits: { images: 256, bytes: 2 ** 28, pixels: 4e8 },
    maxBatch: 8,
    decodePixels: 1e8,
    loadTimeoutMs: 120_000,
    hangMs: 120_000,
    logger,
  });
  server = await serve({ name: 'test', services: [openInferenceService(inference)], logger });
});
afterAll(async () => {
  await server.stop({ drainMs: 0 });
  await inference.stop(0);
  detector.dispose();
  await rm(folder, { recursive: true });
});

function picture(width: number, height: number, shift: number): Promise<Uint8Array> {
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, at) => 120 + 100 * Math.sin(at / 37 + shift) * Math.cos(at / 911),
  );
  return encodePng({ width, height, data });
}

it('gives the boxes, scores, labels and masks of a real detector, each picture its own, as the detector alone finds them', async () => {
  const files = await Promise.all(SIZES.map(([width, height], index) => picture(width, height, index)));
  const answer = await ask(files);
  const model = detectorModel(detector, 'here');
  for (const [index, file] of files.entries()) {
    const { image: pixels, original } = await decodeToFit(file, (size) => model.fit(size).resized);
    const { detections } = await model.detect([{ pixels, original }], [OPTIONS]);
    const theirs = read(answer, index);
    expect(theirs.length).toBeGreaterThan(2);
    const ours = detections[0] ?? [];
    expect(theirs.map(({ label }) => label)).toEqual(ours.map(({ category }) => 5 + category));
    theirs.forEach((found, place) => isSame(found, ours[place]!));
  }
});

async function ask(files: readonly Uint8Array[]): Promise<ModelInferResponse> {
  const raw = files.flatMap((file) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(file.length);
    return [length, file];
  });
  const client = createClient(GRPCInferenceServiceDefinition, server.address);
  try {
    return await client.modelInfer(
      {
        modelName: 'm',
        modelVersion: '',
        id: '',
        parameters: {
          threshold: { parameterChoice: { $case: 'doubleParam', value: OPTIONS.threshold } },
          max_detections: { parameterChoice: { $case: 'int64Param', value: String(OPTIONS.maxDetections) } },
        },
        inputs: [
          {
            name: 'image',
            datatype: 'BYTES',
            shape: [String(files.length)],
            parameters: {},
            contents: undefined,
          },
        ],
        outputs: [],
        rawInputContents: [Buffer.concat(raw)],
      },
      { deadlineMs: 120_000 },
    );
  } finally {
    client.close();
  }
}

interface FoundThere {
  readonly box: readonly number[];
  readonly score: number;
  readonly label: number;
  readonly mask: string;
}

/** A pass that others share differs in the last bits of a float, and a mask in a few pixels at its threshold. */
function isSame({ box, score, mask }: FoundThere, ours: Detection): void {
  box.forEach((side, index) => expect(side).toBeCloseTo(ours.box[index]!, 1));
  expect(score).toBeCloseTo(ours.score, 3);
  const { height, width } = ours.mask!;
  const [theirs, own] = [decodeMask(rleFromString(mask, height, width)), decodeMask(ours.mask!)];
  const differing = theirs.data.filter((value, at) => value !== own.data[at]).length;
  expect(differing / own.data.length).toBeLessThan(0.01);
}

function read({ outputs, rawOutputContents }: ModelInferResponse, image: number): FoundThere[] {
  const raw = new Map(outputs.map(({ name }, index) => [name, rawOutputContents[index] ?? Buffer.alloc(0)]));
  const bytesOf = (name: string): Buffer => Buffer.from(raw.get(name) ?? []);
  const most = Number(outputs.find(({ name }) => name === 'scores')?.shape[1]);
  const masks = splitElements('masks', bytesOf('masks'));
  const count = bytesOf('num_detections').readInt32LE(4 * image);
  return Array.from({ length: count }, (_, index) => {
    const at = image * most + index;
    const sides = [0, 4, 8, 12].map((side) => bytesOf('boxes').readFloatLE(16 * at + side));
    return {
      box: sides,
      score: bytesOf('scores').readFloatLE(4 * at),
      label: bytesOf('labels').readInt32LE(4 * at),
      mask: Buffer.from(masks[at] ?? []).toString(),
    };
  });
}
