import { writeRunsBox } from '@cassl/vision';

/** Masks of one image as runs in one growing array, with the area and box of each. Reused from image to image. */
export class MaskStore {
  runs: Uint32Array<ArrayBuffer> = new Uint32Array(1 << 12);
  /** Runs of mask i are `runs[starts[i], starts[i + 1])`. */
  starts: Int32Array<ArrayBuffer> = new Int32Array(65);
  areas: Float64Array<ArrayBuffer> = new Float64Array(64);
  /** xywh of mask i from `4 * i` on. */
  boxes: Float64Array<ArrayBuffer> = new Float64Array(256);
  count = 0;

  clear(): void {
    this.count = 0;
  }

  /** Room for `length` more runs, to be written from the returned position on and sealed by {@link push}. */
  reserve(length: number): number {
    const start = this.starts[this.count]!;
    if (start + length > this.runs.length) {
      const larger = new Uint32Array(Math.max(2 * this.runs.length, start + length));
      larger.set(this.runs);
      this.runs = larger;
    }
    return start;
  }

  /** Takes the runs up to `end` as the next mask of an image `height` pixels high; returns its index. */
  push(end: number, height: number): number {
    const index = this.count++;
    if (index >= this.areas.length) this.grow();
    const start = this.starts[index]!;
    this.starts[index + 1] = end;
    this.areas[index] = writeRunsBox(this.runs, start, end, height, this.boxes, 4 * index);
    return index;
  }

  private grow(): void {
    const starts = new Int32Array(2 * this.starts.length);
    const areas = new Float64Array(2 * this.areas.length);
    const boxes = new Float64Array(2 * this.boxes.length);
    starts.set(this.starts);
    areas.set(this.areas);
    boxes.set(this.boxes);
    this.starts = starts;
    this.areas = areas;
    this.boxes = boxes;
  }
}
