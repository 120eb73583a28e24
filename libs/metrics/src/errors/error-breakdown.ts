import { CROWD, IGNORE, type ImageColumns } from '../coco/image-columns.ts';
import { sortByScore } from '../coco/sort-by-score.ts';
import { IndexColumn, NumberColumn } from '../files/growing.ts';

/** What became of the detections above one score, and of the objects. */
export interface ErrorBreakdown {
  /** Detections with a score above this are counted: the score of best F1. */
  readonly scoreThreshold: number;
  readonly objects: number;
  /** Found: right class, IoU at least 0.5, no better detection on the same object. */
  readonly correct: number;
  /** On an object (IoU at least 0.5) of another class. */
  readonly classification: number;
  /** On an object of any class, but loosely: IoU within [0.1, 0.5). */
  readonly localisation: number;
  /** A second detection of an object that is found already. */
  readonly duplicate: number;
  /** On nothing: IoU below 0.1 with every object. */
  readonly background: number;
  /** Objects that are neither found nor the nearest to a classification or localisation error. */
  readonly missed: number;
}

export interface ErrorCounter {
  addColumns(image: ImageColumns): void;
  summarize(): ErrorBreakdown;
}

const FOREGROUND_IOU = 0.5;
const BACKGROUND_IOU = 0.1;

const KINDS = ['correct', 'classification', 'localisation', 'duplicate', 'background', 'ignored'] as const;
type Kind = (typeof KINDS)[number];

/** Sorts false detections by their cause, after Hoiem et al. (2012) and TIDE (Bolya et al., 2020). */
export function createErrorCounter(): ErrorCounter {
  const scores = new NumberColumn();
  const kinds = new IndexColumn();
  const found = new NumberColumn(); // per object: best score that found it, -Infinity for none
  const touched = new NumberColumn(); // per object: best score of a classification or localisation error on it

  return {
    addColumns(image) {
      const { gtCount, dtCount, gtFlags } = image;
      const overlaps = allOverlaps(image);
      const taken = new Uint8Array(gtCount);
      const foundBy = new Float64Array(gtCount).fill(-Infinity);
      const touchedBy = new Float64Array(gtCount).fill(-Infinity);
      for (const d of sortByScore(image.dtScore, dtCount)) {
        const row = overlaps.subarray(d * gtCount, (d + 1) * gtCount);
        const { kind, object } = judge(image, d, row, taken);
        const score = image.dtScore[d]!;
        if (kind === 'correct') {
          taken[object] = 1;
          foundBy[object] = score;
        } else if (kind === 'classification' || kind === 'localisation') {
          touchedBy[object] = Math.max(touchedBy[object]!, score);
        }
        scores.push(score);
        kinds.push(KINDS.indexOf(kind));
      }
      for (let g = 0; g < gtCount; g++) {
        if ((gtFlags[g]! & IGNORE) !== 0) continue;
        found.push(foundBy[g]!);
        touched.push(touchedBy[g]!);
      }
    },
    summarize() {
      const scoreThreshold = bestThreshold(scores, kinds, found.length);
      const counts = new Map<Kind, number>(KINDS.map((kind) => [kind, 0]));
      for (let i = 0; i < scores.length; i++) {
        const kind = KINDS[kinds.values[i]!]!;
        if (scores.values[i]! > scoreThreshold) counts.set(kind, counts.get(kind)! + 1);
      }
      let missed = 0;
      for (let g = 0; g < found.length; g++) {
        if (found.values[g]! <= scoreThreshold && touched.values[g]! <= scoreThreshold) missed++;
      }
      const count = (kind: Kind): number => counts.get(kind)!;
      return {
        scoreThreshold,
        objects: found.length,
        correct: count('correct'),
        classification: count('classification'),
        localisation: count('localisation'),
        duplicate: count('duplicate'),
        background: count('background'),
        missed,
      };
    },
  };
}

function allOverlaps({ dtCount, gtCount, overlaps }: ImageColumns): Float64Array {
  const all = (count: number): Int32Array => Int32Array.from({ length: count }, (_, index) => index);
  const table = new Float64Array(dtCount * gtCount);
  overlaps(all(dtCount), dtCount, all(gtCount), gtCount, table);
  return table;
}

/** The verdict on one detection and the object it is about, -1 for none. */
function judge(
  { gtCategory, gtFlags, dtCategory }: ImageColumns,
  d: number,
  row: Float64Array,
  taken: Uint8Array,
): { kind: Kind; object: number } {
  const best = (admit: (g: number) => boolean): number => {
    let object = -1;
    for (let g = 0; g < row.length; g++) {
      if (admit(g) && (object === -1 || row[g]! >= row[object]!)) object = g;
    }
    return object;
  };
  const counts = (g: number): boolean => (gtFlags[g]! & IGNORE) === 0;
  const sameClass = (g: number): boolean => gtCategory[g] === dtCategory[d];
  const free = best((g) => counts(g) && sameClass(g) && taken[g] === 0 && row[g]! >= FOREGROUND_IOU);
  if (free >= 0) return { kind: 'correct', object: free };
  const ignored = best((g) => !counts(g) && sameClass(g) && row[g]! >= FOREGROUND_IOU);
  if (ignored >= 0) return { kind: 'ignored', object: ignored };
  const doubled = best((g) => counts(g) && sameClass(g) && row[g]! >= FOREGROUND_IOU);
  if (doubled >= 0) return { kind: 'duplicate', object: doubled };
  const nearest = best((g) => counts(g) && (gtFlags[g]! & CROWD) === 0);
  if (nearest < 0 || row[nearest]! < BACKGROUND_IOU) return { kind: 'background', object: -1 };
  return { kind: row[nearest]! >= FOREGROUND_IOU ? 'classification' : 'localisation', object: nearest };
}

/** The score below which the next lower detections make F1 worse: largest F1 over all distinct scores. */
function bestThreshold(scores: NumberColumn, kinds: IndexColumn, objects: number): number {
  const order = sortByScore(scores.values, scores.length);
  let threshold = 0;
  let bestF1 = 0;
  let correct = 0;
  let kept = 0;
  order.forEach((index, place) => {
    const kind = KINDS[kinds.values[index]!];
    if (kind === 'correct') correct++;
    if (kind !== 'ignored') kept++;
    const next = place + 1 < order.length ? scores.values[order[place + 1]!]! : 0;
    if (next === scores.values[index]) return; // equal scores stand or fall together
    const f1 = (2 * correct) / (kept + objects);
    if (f1 <= bestF1) return;
    bestF1 = f1;
    threshold = next;
  });
  return threshold;
}
