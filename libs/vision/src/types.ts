/** An 8-bit RGB picture; `data` is row-major, interleaved: `data[(y * width + x) * 3 + channel]`. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** One byte per pixel, 0 or 1, row-major: `data[y * width + x]`. */
export interface BinaryMask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * COCO run-length encoding of a binary mask: column-major runs that alternate zeros and ones, starting with zeros
 * (pycocotools `maskApi`). Runs add up to `height * width`.
 */
export interface Rle {
  readonly height: number;
  readonly width: number;
  readonly counts: Uint32Array;
}

/** `[x1, y1, x2, y2]` in continuous pixel coordinates: a box that covers pixel column 0 alone has x1 = 0, x2 = 1. */
export type Xyxy = readonly [x1: number, y1: number, x2: number, y2: number];

/** `[x, y, width, height]` in continuous pixel coordinates, COCO's order. */
export type Xywh = readonly [x: number, y: number, width: number, height: number];

/** A labeled object or entity of an image. */
export interface Instance {
  readonly box: Xyxy;
  /** Contiguous category index, 0-based; 0 everywhere in class-agnostic data. */
  readonly category: number;
  readonly mask?: Rle;
  /** A COCO crowd region: never trained on, ignored in evaluation. */
  readonly crowd: boolean;
  /** Pixels; COCO's own `area` field where the annotation has one. */
  readonly area: number;
  /** In [0, 1], of an annotation that a model made and scored. */
  readonly score?: number;
}

/** A model's finding, in pixels of the original image. */
export interface Detection {
  readonly box: Xyxy;
  /** In [0, 1]. */
  readonly score: number;
  /** Contiguous category index, 0-based. */
  readonly category: number;
  readonly mask?: Rle;
}

/** An image ready for training: augmented pixels, boxes and full-size masks that follow them. */
export interface TrainingSample {
  readonly key: string;
  readonly image: RgbImage;
  readonly instances: readonly TrainingInstance[];
}

export interface TrainingInstance {
  readonly box: Xyxy;
  readonly category: number;
  readonly mask?: BinaryMask;
}
