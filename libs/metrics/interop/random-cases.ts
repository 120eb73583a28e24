// Small random data sets for comparison with peers: dense in ties, crowds, empty images and coinciding objects.

export type Random = () => number;

export interface CocoCase {
  readonly gt: {
    readonly images: readonly { readonly id: number; readonly height: number; readonly width: number }[];
    readonly categories: readonly { readonly id: number; readonly name: string }[];
    readonly annotations: readonly Record<string, unknown>[];
  };
  readonly dt: readonly Record<string, unknown>[];
}

/** mulberry32 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Geometry {
  readonly bbox?: number[];
  readonly keypoints?: number[];
}

type Annotation = Record<string, unknown> &
  Geometry & { readonly image_id: number; readonly category_id: number };

const SIDE = 160;

/** @param type what the case will be compared on: entries carry what that needs, in every form COCO allows */
export function randomCocoCase(type: 'bbox' | 'segm' | 'keypoints', seed: number): CocoCase {
  const random = seededRandom(seed);
  const whole = (below: number): number => Math.floor(random() * below);
  const images = shuffle(
    Array.from({ length: 1 + whole(5) }, (_, i) => ({ id: 3 * i + 1, height: SIDE, width: SIDE + 8 })),
    random,
  );
  const categories = shuffle(
    Array.from({ length: 1 + (type === 'keypoints' ? 0 : whole(3)) }, (_, i) => ({
      id: 10 * i + 1,
      name: `c${i}`,
    })),
    random,
  );
  const pick = <T>(list: readonly T[]): T => list[whole(list.length)]!;
  // A coarse grid of places and sizes makes equal overlaps and full coincidence frequent.
  const step = pick([1, 8, 20]);
  const box = (): number[] => {
    const size = pick([12, 40, 110]);
    const [w, h] = [2 + whole(size / step + 1) * step, 2 + whole(size / step + 1) * step];
    const fine = pick([0, 0.37]);
    return [whole((SIDE - 20) / step) * step + fine, whole((SIDE - 20) / step) * step, w, h + fine];
  };
  const scores = pick([[0.5], [0.2, 0.5, 0.9], Array.from({ length: 40 }, () => random())]);
  const annotations = Array.from({ length: whole(14) }, (_, i): Annotation => ({
    id: i + 1,
    image_id: pick(images).id,
    category_id: pick(categories).id,
    ...geometry(type, box(), random, true),
    iscrowd: random() < 0.2 ? 1 : 0,
  }));
  const dt = Array.from({ length: 1 + whole(random() < 0.1 ? 260 : 25) }, () => {
    const near = annotations.length > 0 && random() < 0.6 ? pick(annotations) : undefined;
    const place = near && random() < 0.9 ? shifted(near.bbox!, random, step) : box();
    return {
      image_id: near && random() < 0.95 ? near.image_id : pick(images).id,
      category_id: near && random() < 0.9 ? near.category_id : pick(categories).id,
      score: pick(scores),
      ...geometry(type, place, random, false, near?.keypoints),
    };
  });
  return { gt: { images, categories, annotations }, dt };
}

function shifted([x, y, w, h]: number[], random: Random, step: number): number[] {
  const move = (): number => (Math.floor(random() * 3) - 1) * (random() < 0.5 ? step : 1.7);
  return [x! + move(), y! + move(), Math.max(1, w! + move()), Math.max(1, h! + move())];
}

function geometry(
  type: 'bbox' | 'segm' | 'keypoints',
  [x, y, w, h]: number[],
  random: Random,
  truth: boolean,
  like?: readonly number[],
): Record<string, unknown> & Geometry {
  const bbox = [x!, y!, w!, h!];
  if (type === 'bbox') return { bbox, area: truth ? w! * h! * (random() < 0.5 ? 1 : 0.7) : undefined };
  if (type === 'segm') {
    const dent = random() < 0.5 ? w! / 3 : 0;
    const polygon = [x!, y!, x! + w!, y!, x! + w! - dent, y! + h! / 2, x! + w!, y! + h!, x!, y! + h!];
    return truth ? { bbox, area: w! * h!, segmentation: [polygon] } : { polygon };
  }
  const keypoints = Array.from({ length: 17 }, (_, k) => {
    const visible = truth ? Math.floor(random() * 3) : 1;
    const [px, py] =
      like && random() < 0.8 ? [like[3 * k]!, like[3 * k + 1]!] : [x! + random() * w!, y! + random() * h!];
    const moved = truth ? 0 : Math.floor(random() * 3) * 2;
    return truth && visible === 0 ? [0, 0, 0] : [px + moved, py, visible];
  }).flat();
  if (!truth) return { keypoints };
  if (random() < 0.15) keypoints.fill(0);
  const labeled = keypoints.filter((value, i) => i % 3 === 2 && value > 0).length;
  return { bbox, area: w! * h! * 0.8, keypoints, num_keypoints: labeled };
}

function shuffle<T>(list: T[], random: Random): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}
