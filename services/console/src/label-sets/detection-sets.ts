import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { readDetections, type LabeledImage } from '@cassl/datasets';
import { failedPrecondition } from '@cassl/errors';
import {
  openLabelSet,
  writeLabelFile,
  writeLabelSet,
  type LabelFileEntry,
  type LabelRecord,
  type LabelSet,
} from '@cassl/labels';
import type { EvaluationJob } from '@cassl/proto';
import { openStore } from '@cassl/storage';
import { openTruth, type OpenTruth } from './truth.ts';

/** Detections of evaluations as label sets in a folder of the console's own, so that all that pages do with label sets they do with these. */
export interface DetectionSets {
  /**
   * Address of the set of an evaluation's detections with a score above `above`, written when it is first asked for.
   * @throws FAILED_PRECONDITION where the evaluation kept no detections
   */
  addressOf(job: EvaluationJob, above: number): Promise<string>;
}

const IMAGES_PER_FILE = 256;

/** @param folder for the sets: a cache, which may be lost */
export function createDetectionSets(folder: string): DetectionSets {
  const store = openStore(pathToFileURL(folder).href);
  const made = new Map<string, Promise<string>>();
  return {
    async addressOf(job, above) {
      const { detectionsUri, spec } = job;
      if (detectionsUri === '' || spec?.dataset === undefined) {
        throw failedPrecondition(
          `evaluation ${JSON.stringify(job.status?.id ?? '')} kept no detections: EvaluationSpec.output_uri was empty`,
        );
      }
      const name = `${detectionsUri} ${above}`;
      const known = made.get(name) ?? write(job, await openTruth(spec.dataset), above);
      made.set(name, known);
      known.catch(() => made.delete(name));
      return known;
    },
  };

  async function write(
    { detectionsUri, evaluation }: EvaluationJob,
    truth: OpenTruth,
    above: number,
  ): Promise<string> {
    const found = await readDetections(detectionsUri, truth.classes);
    const images = [...truth.images.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    const checkpoint = `sha256:${createHash('sha256').update(detectionsUri).digest('hex')}`;
    const record = (image: LabeledImage): LabelRecord => {
      const { id, key, location, width, height } = image;
      const detections = found.get(id) ?? [];
      return { key, digest: '', location, width, height, detections, checkpoint, threshold: 0 };
    };
    async function* files(): AsyncGenerator<LabelFileEntry> {
      for (let first = 0; first < images.length; first += IMAGES_PER_FILE) {
        const rows = images.slice(first, first + IMAGES_PER_FILE).map(record);
        yield await writeLabelFile(store, rows, { threshold: above });
      }
    }
    const source = {
      manifest: checkpoint,
      teacher: { digest: checkpoint, kind: 'checkpoint' as const, prompts: [], licence: '' },
      options: { [WITH_CLASSES]: evaluation?.metrics['bbox/AP'] !== undefined },
      scoreFloor: 0,
    };
    return (await writeLabelSet(store, { threshold: above, sources: [source] }, files())).address;
  }
}

/** Option of a set whose labels have the classes of its truth. */
const WITH_CLASSES = 'classes';

/** A label set by its address: those of the console's own folder, and all that the process may read. @throws as `openLabelSet` */
export function openSet(
  address: string,
  ownFolder: string,
  onFile?: (entry: LabelFileEntry) => void,
): Promise<LabelSet> {
  const own = `${pathToFileURL(ownFolder).href}/`;
  const isOwn = address.startsWith(own) && /^[0-9a-f]{64}\.labelset\.jsonl$/.test(address.slice(own.length));
  return openLabelSet(address, { onFile, ...(isOwn ? { open: openStore } : {}) });
}

/** Whether a label of another class than its object's is false. */
export function hasClasses({ header }: LabelSet): boolean {
  return header.sources.every(({ options }) => options[WITH_CLASSES] === true);
}
