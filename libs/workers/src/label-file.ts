import { gunzipSync, gzipSync } from 'node:zlib';
import { invalidArgument, isCasslError } from '@cassl/errors';
import { rleFromString, rleToString, type Detection } from '@cassl/vision';

/** One line of a label file: an image and what a class-agnostic model found in it. */
export interface LabeledLine {
  /** The image's key in its pool. */
  readonly key: string;
  /** sha256 of the encoded image, 64 hex digits. */
  readonly sha256: string;
  readonly width: number;
  readonly height: number;
  /** Best first; empty where nothing was found. */
  readonly detections: readonly Detection[];
  /** Digest of the checkpoint that labeled. */
  readonly checkpoint: string;
  /** Labels have a score strictly above this. */
  readonly threshold: number;
}

interface JsonLine {
  readonly key: string;
  readonly sha256: string;
  readonly width: number;
  readonly height: number;
  readonly instances: readonly {
    /** xywh, pixels. */
    readonly box: readonly [number, number, number, number];
    readonly score: number;
    readonly segmentation?: { readonly size: readonly [number, number]; readonly counts: string };
  }[];
  readonly checkpoint: string;
  readonly threshold: number;
}

/** Gzip JSON lines; the same lines are the same bytes, so that a shard labeled twice is one file. */
export function encodeLabelFile(lines: readonly LabeledLine[]): Uint8Array {
  const text = lines.map((line) => `${JSON.stringify(toJson(line))}\n`).join('');
  return gzipSync(text, { level: 6 });
}

/** @throws INVALID_ARGUMENT that names the file and the line that is not as written */
export function decodeLabelFile(name: string, bytes: Uint8Array): LabeledLine[] {
  let text: string;
  try {
    text = gunzipSync(bytes).toString('utf8');
  } catch (cause) {
    throw invalidArgument(`label file ${name} is not gzip: it may be truncated`, { cause });
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      try {
        return fromJson(JSON.parse(line) as JsonLine);
      } catch (cause) {
        const why = isCasslError(cause) ? `: ${cause.message}` : '';
        throw invalidArgument(`label file ${name}, line ${index + 1} is not a label line${why}`, { cause });
      }
    });
}

function toJson({ detections, ...line }: LabeledLine): JsonLine {
  const { key, sha256, width, height, checkpoint, threshold } = line;
  const instances = detections.map(({ box: [x1, y1, x2, y2], score, mask }) => ({
    box: [round(x1), round(y1), round(x2 - x1), round(y2 - y1)] as const,
    score: Math.round(score * 1e6) / 1e6,
    ...(mask === undefined
      ? {}
      : { segmentation: { size: [mask.height, mask.width] as const, counts: rleToString(mask) } }),
  }));
  return { key, sha256, width, height, instances, checkpoint, threshold };
}

function fromJson({ instances, ...line }: JsonLine): LabeledLine {
  const detections = instances.map(({ box: [x, y, width, height], score, segmentation }): Detection => ({
    box: [x, y, x + width, y + height],
    score,
    category: 0,
    ...(segmentation === undefined
      ? {}
      : { mask: rleFromString(segmentation.counts, segmentation.size[0], segmentation.size[1]) }),
  }));
  return { ...line, detections };
}

/** A hundredth of a pixel. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}
