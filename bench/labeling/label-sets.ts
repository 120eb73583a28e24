import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openLabelSetDataset } from '@cassl/datasets';
import {
  changeThreshold,
  exportFormats,
  exportLabels,
  openLabelSet,
  removeTeacher,
  writeExport,
  writeLabelFile,
  writeLabelSet,
  type LabelFileEntry,
  type LabelRecord,
  type LabelSetDraft,
} from '@cassl/labels';
import { openStore, type ObjectStore } from '@cassl/storage';
import { encodeMask, type Detection } from '@cassl/vision';

/** Seconds of the clock and of the processor, all threads together. */
export interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export interface LabelSetRun {
  readonly images: number;
  readonly labels: number;
  /** A new threshold at a hundredth (answered by the histograms) and between two. */
  readonly threshold: { readonly atHundredth: Cost; readonly between: Cost };
  readonly unlabel: Cost;
  /** Read through once, as a training does before its first step. */
  readonly openToTrain: Cost;
  readonly exports: Readonly<Record<string, Cost>>;
  readonly peakMb: number;
}

const [WIDTH, HEIGHT] = [640, 480];
const IMAGES_PER_FILE = 256;
const LABELS_PER_IMAGE = 10;
const FLOOR = 0.05;
const digestOf = (letter: string): string => `sha256:${letter.repeat(64)}`;

/** What becomes of a label set of so many images with ten masks each: thresholds, un-labeling, exports. */
export async function measureLabelSets(images: number): Promise<LabelSetRun> {
  const home = await mkdtemp(join(tmpdir(), 'cassl-label-sets-'));
  try {
    const store = openStore(pathToFileURL(join(home, 'labels')).href);
    const address = await writeSet(store, images);
    const set = await openLabelSet(address);
    const derived = (draft: LabelSetDraft): Promise<Cost> =>
      costOf(() => writeLabelSet(store, draft.header, draft.files()));
    const threshold = {
      atHundredth: await derived(changeThreshold(set, 0.4)),
      between: await derived(changeThreshold(set, 0.4005)),
    };
    const unlabel = await derived(removeTeacher(set, digestOf('a')));
    const openToTrain = await costOf(() => openLabelSetDataset(address, { threshold: 0.4 }));
    const exports: Record<string, Cost> = {};
    for (const format of exportFormats) {
      exports[format] = await costOf(() =>
        writeExport(exportLabels(set.rows(), { format, threshold: FLOOR }), join(home, format)),
      );
      console.error(`export ${format}: ${JSON.stringify(exports[format])}`);
    }
    const { maxRSS } = process.resourceUsage();
    const labels = set.totals.labels;
    return { images, labels, threshold, unlabel, openToTrain, exports, peakMb: maxRSS / 1024 };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds: (user + system) / 1e6 };
}

async function writeSet(store: ObjectStore, images: number): Promise<string> {
  const shapes = Array.from({ length: 97 }, (_, index) => ellipse(index));
  const files: LabelFileEntry[] = [];
  for (let first = 0; first < images; first += IMAGES_PER_FILE) {
    const count = Math.min(IMAGES_PER_FILE, images - first);
    const records = Array.from({ length: count }, (_, index) => record(first + index, shapes));
    files.push(await writeLabelFile(store, records, { threshold: FLOOR }));
  }
  const teacher = { digest: digestOf('a'), kind: 'checkpoint' as const, prompts: [], licence: '' };
  const source = { manifest: digestOf('b'), teacher, options: {}, scoreFloor: FLOOR };
  return (await writeLabelSet(store, { threshold: FLOOR, sources: [source] }, files)).address;
}

function record(image: number, shapes: readonly Detection[]): LabelRecord {
  const key = `${String(Math.floor(image / 1000)).padStart(5, '0')}/${String(image).padStart(8, '0')}.jpg`;
  return {
    key,
    digest: digestOf('c'),
    location: { store: 'file:///photos', key },
    width: WIDTH,
    height: HEIGHT,
    detections: Array.from({ length: LABELS_PER_IMAGE }, (_, index) => ({
      ...shapes[(image * 7 + index) % shapes.length]!,
      score: 0.06 + (((image * 31 + index * 97) % 900) + 0.5) / 1000,
    })),
    checkpoint: 'a'.repeat(64),
    threshold: FLOOR,
  };
}

/** A tilted ellipse with a wavy edge, 20 to 120 pixels across, as a teacher's mask has. */
function ellipse(index: number): Detection {
  const [a, b] = [10 + ((index * 13) % 50), 10 + ((index * 29) % 40)];
  const [x0, y0] = [70 + ((index * 53) % 500), 60 + ((index * 71) % 360)];
  const data = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const [u, v] = [(x - x0) / a, (y - y0 + 0.3 * (x - x0)) / b];
      const edge = 1 + 0.1 * Math.sin(7 * Math.atan2(v, u) + index);
      if (u * u + v * v <= edge) data[y * WIDTH + x] = 1;
    }
  }
  const box = [x0 - a, y0 - b, x0 + a, y0 + b] as const;
  return { box, score: 0, category: 0, mask: encodeMask({ width: WIDTH, height: HEIGHT, data }) };
}
