import type { LabeledRow, StoredLabel } from '../file/label-row.ts';

/** Images on their way to another thread, as few large values: a clone of each label's own costs as much as reading it did. */
export interface PackedImages {
  readonly heads: readonly Omit<LabeledRow, 'instances'>[];
  /** How many labels each has. */
  readonly labels: readonly number[];
  /** Of each label: box, score, category, length of its mask's text; `NONE` for what it lacks. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** The texts of all masks, one behind the other. */
  readonly masks: string;
}

const NUMBERS_A_LABEL = 7;
const NONE = -1;

export function packImages(images: readonly LabeledRow[]): PackedImages {
  const labels = images.map(({ instances }) => instances.length);
  const total = labels.reduce((sum, count) => sum + count, 0);
  const numbers = new Float64Array(NUMBERS_A_LABEL * total);
  const masks: string[] = [];
  let at = 0;
  for (const { instances } of images) {
    for (const { bbox, score, category = NONE, rle } of instances) {
      for (const value of bbox) numbers[at++] = value;
      numbers[at++] = score;
      numbers[at++] = category;
      numbers[at++] = rle?.length ?? NONE;
      if (rle !== undefined) masks.push(rle);
    }
  }
  return { heads: images.map(({ instances: _, ...head }) => head), labels, numbers, masks: masks.join('') };
}

export function unpackImages({ heads, labels, numbers, masks }: PackedImages): LabeledRow[] {
  let at = 0;
  let start = 0;
  const nextLabel = (): StoredLabel => {
    const [x, y, width, height, score, category, length] = numbers.subarray(at, (at += NUMBERS_A_LABEL));
    const label: StoredLabel = { bbox: [x!, y!, width!, height!], score: score! };
    if (category !== NONE) label.category = category;
    if (length !== NONE) label.rle = masks.slice(start, (start += length!));
    return label;
  };
  return heads.map((head, index) => ({
    ...head,
    instances: Array.from({ length: labels[index]! }, nextLabel),
  }));
}
