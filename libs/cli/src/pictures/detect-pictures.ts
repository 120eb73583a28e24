import { access, constants, readFile } from 'node:fs/promises';
import { CasslError, errorCode, errorMessage, invalidArgument } from '@cassl/errors';
import { DetectorServiceDefinition, ImageDetections, LabelerServiceDefinition } from '@cassl/proto';
import { createClient } from '@cassl/rpc';
import { decodeImage, drawDetections, encodePng, rleFromString } from '@cassl/vision';
import { withServices } from '../local/find-services.ts';
import { writeOutput } from '../output/write-output.ts';
import { bestPerObject } from './best-per-object.ts';

export interface DetectPicturesOptions {
  /** Classes from the detector, class-agnostic labels from the labeler. */
  readonly service: 'detector' | 'labeler';
  readonly alias: string;
  readonly out?: string;
  readonly threshold: number;
  readonly nonOverlap?: boolean;
  readonly home: string;
  readonly json: boolean;
}

/**
 * Detects in picture files, prints what was found, and draws it on one. A picture that cannot be read or decoded is named,
 * the others are done, and the command ends with 2.
 * @throws NOT_FOUND for a missing alias, INVALID_ARGUMENT for a bad flag
 */
export async function detectPictures(
  pictures: readonly string[],
  options: DetectPicturesOptions,
): Promise<void> {
  if (options.out !== undefined && pictures.length > 1)
    throw invalidArgument('--out draws one picture; give one, or leave it out');
  if (await isNoneThere(pictures, options)) return;
  await withServices({ home: options.home, names: ['registry', 'labeler'] }, async ({ labeler: address }) => {
    const ask = opened(address, options);
    try {
      for (const path of pictures) {
        await detectOne(ask, path, options).catch((error: unknown) => tell(path, error, options.json));
      }
    } finally {
      ask.close();
    }
  });
}

/** Nothing is started for pictures of which there is none; each is said. */
async function isNoneThere(pictures: readonly string[], { json }: DetectPicturesOptions): Promise<boolean> {
  const missing = await Promise.all(
    pictures.map((path) =>
      access(path, constants.R_OK).then(
        () => undefined,
        (cause: unknown) => unreadable(cause),
      ),
    ),
  );
  if (missing.includes(undefined)) return false;
  missing.forEach((error, index) => tell(pictures[index] ?? '', error, json));
  return true;
}

async function detectOne(
  ask: Asker,
  path: string,
  { out, json, threshold }: DetectPicturesOptions,
): Promise<void> {
  const bytes = await readPicture(path);
  const detections = await ask.about(path, bytes);
  if (out !== undefined) await writeOutput(out, await draw(bytes, detections));
  if (json) console.log(JSON.stringify(ImageDetections.toJSON(detections)));
  else print(detections, out);
  if (!json && detections.detections.length === 0)
    console.error(`nothing above the score ${threshold}; a lower --threshold shows what is less certain`);
}

/** A bad picture is said and leaves the others; what is wrong with all of them (the alias, the service) is thrown. */
function tell(path: string, error: unknown, json: boolean): void {
  const code = errorCode(error);
  if (!(error instanceof BadPicture) && code !== 'INVALID_ARGUMENT') throw error;
  process.exitCode = 2;
  const message = errorMessage(error);
  if (json) console.log(JSON.stringify({ key: path, error: { code, message } }));
  console.error(`cassl: ${path}: ${message}`);
}

interface Asker {
  about(path: string, bytes: Uint8Array): Promise<ImageDetections>;
  close(): void;
}

function opened(
  address: string,
  { service, alias, threshold, nonOverlap = false }: DetectPicturesOptions,
): Asker {
  const request = (path: string, bytes: Uint8Array): object => ({
    checkpoint: alias,
    image: { key: path, source: { $case: 'encoded', value: bytes } },
    options: service === 'detector' ? { threshold } : { threshold, nonOverlap },
  });
  // The first request loads the engine and the model.
  const limit = { deadlineMs: 120_000 };
  if (service === 'detector') {
    const client = createClient(DetectorServiceDefinition, address);
    const about = async (path: string, bytes: Uint8Array): Promise<ImageDetections> =>
      answered((await client.detect(request(path, bytes), limit)).detections);
    return { about, close: () => client.close() };
  }
  const client = createClient(LabelerServiceDefinition, address);
  const about = async (path: string, bytes: Uint8Array): Promise<ImageDetections> =>
    answered((await client.label(request(path, bytes), limit)).detections);
  return { about, close: () => client.close() };
}

function answered(detections: ImageDetections | undefined): ImageDetections {
  return detections ?? ImageDetections.fromPartial({});
}

async function draw(bytes: Uint8Array, { detections }: ImageDetections): Promise<Uint8Array> {
  const found = detections.map(({ box, score, mask, categoryName }) => ({
    box: [box?.x1 ?? 0, box?.y1 ?? 0, box?.x2 ?? 0, box?.y2 ?? 0] as const,
    score,
    label: `${categoryName} ${Math.round(100 * score)}%`,
    ...(mask === undefined ? {} : { mask: rleFromString(mask.counts, mask.height, mask.width) }),
  }));
  const shown = bestPerObject(found, (detection) => detection);
  const labels = shown.map(({ label }) => label);
  return encodePng(await drawDetections(await decodeImage(bytes), shown, { labels }));
}

function print({ key, width, height, detections }: ImageDetections, out: string | undefined): void {
  console.log(
    `${key}  ${width} x ${height}, ${detections.length} found${out === undefined ? '' : `, drawn on ${out}`}`,
  );
  for (const { box, score, categoryName } of detections) {
    const corners = [box?.x1, box?.y1, box?.x2, box?.y2].map((value) => (value ?? 0).toFixed(1)).join(' ');
    console.log(`  ${score.toFixed(3)}  ${categoryName.padEnd(16)} ${corners}`);
  }
}

class BadPicture extends CasslError {}

async function readPicture(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw unreadable(cause);
  });
}

function unreadable(cause: unknown): BadPicture {
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  const why = isMissing ? 'there is no such file or folder' : `cannot be read: ${errorMessage(cause)}`;
  return new BadPicture('NOT_FOUND', why, { cause });
}
