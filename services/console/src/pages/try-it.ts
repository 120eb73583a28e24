import type { Detection, ImageDetections } from '@cassl/proto';
import { invalidArgument } from '@cassl/errors';
import { rleFromString } from '@cassl/vision';
import { Hono } from 'hono';
import type { Caller, ConsoleEnv } from '../http/session.ts';
import { MAX_PHOTO_BYTES } from '../contract/photo-limit.ts';
import type { ShownBox } from '../contract/shown-image.ts';
import type { PageParts } from '../page-parts.ts';

/** A checkpoint that nobody used lately is loaded first. */
const DEADLINE_MS = 120_000;
/** What pages hide below their own slider. */
const FLOOR = 0.05;

/** What one checkpoint found in a photo. */
export interface Tried {
  readonly digest: string;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly ShownBox[];
  /** Milliseconds of decoding, the forward pass, and what comes after. */
  readonly ms: number;
}

/** `POST ?checkpoint=REFERENCE` with a photo as body: what that checkpoint finds in it. Nothing is kept. */
export function tryRoutes({ platform }: Pick<PageParts, 'platform'>): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>().post('/', async (context) => {
    const checkpoint = context.req.query('checkpoint') ?? '';
    if (checkpoint === '') throw invalidArgument('checkpoint must be a digest or an alias, got nothing');
    const length = context.req.header('content-length') ?? 'no content-length';
    if (!(Number(length) > 0 && Number(length) <= MAX_PHOTO_BYTES)) {
      throw invalidArgument(`the photo must have 1 to ${MAX_PHOTO_BYTES} bytes, got ${length}`);
    }
    const photo = Buffer.from(await context.req.arrayBuffer());
    const call = { ...context.get('caller').call, signal: context.req.raw.signal, deadlineMs: DEADLINE_MS };
    return context.json(toTried(await detect(platform, checkpoint, photo, call)));
  });
}

/** Class-agnostic checkpoints answer Label, all others Detect; the registry knows which is which. */
async function detect(
  { registry, labeler, detector }: PageParts['platform'],
  reference: string,
  encoded: Buffer,
  call: Caller['call'],
): Promise<ImageDetections> {
  const found = await registry.getCheckpoint({ reference }, call);
  const { digest = '', manifest } = found.checkpoint ?? {};
  const request = {
    checkpoint: digest,
    image: { key: 'photo', source: { $case: 'encoded' as const, value: encoded } },
  };
  const isAgnostic = manifest?.stage === 'STAGE_LABELER' || manifest?.stage === 'STAGE_WARMUP';
  const { detections } = isAgnostic
    ? await labeler.label({ ...request, options: { threshold: FLOOR } }, call)
    : await detector.detect({ ...request, options: { threshold: FLOOR } }, call);
  if (detections === undefined) throw new TypeError('an answer without detections');
  return detections;
}

function toTried({ checkpointDigest, width, height, detections, metadata }: ImageDetections): Tried {
  const { inputMs = 0, computeMs = 0, outputMs = 0 } = metadata ?? {};
  return {
    digest: checkpointDigest,
    width,
    height,
    boxes: detections.map(toShown),
    ms: inputMs + computeMs + outputMs,
  };
}

function toShown({ box, score, categoryName, mask }: Detection): ShownBox {
  const { x1 = 0, y1 = 0, x2 = 0, y2 = 0 } = box ?? {};
  const runs =
    mask === undefined ? {} : { runs: [...rleFromString(mask.counts, mask.height, mask.width).counts] };
  return { box: [x1, y1, x2 - x1, y2 - y1], score, name: categoryName, ...runs };
}
