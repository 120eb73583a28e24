import { statfs } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loadImage, openImagePool, readShard, formatDropReport, type Dataset } from '@cassl/datasets';
import { countParameters } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { errorCode, errorMessage, failedPrecondition, resourceExhausted } from '@cassl/errors';
import type {
  LabeledDataset,
  PipelineDataEstimate,
  PipelineFinding,
  PipelineServiceCheckResponse,
  PipelineSpec,
} from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import { decodeImage } from '@cassl/vision';
import { describeEngine, openLabeledDataset } from '@cassl/workers';
import { checkModel } from '../training/check-training-spec.ts';
import { pipelineChecks } from './check-pipeline-spec.ts';
import { planPipeline } from './plan-pipeline.ts';

/** Images decoded of each data set. */
const BATCH = 8;
/** Weights, two moments of the optimiser and a second copy while a checkpoint is written, in float32. */
const BYTES_PER_PARAMETER = 16;
/** An estimate, not a measurement: label files and detections of an image with about 20 masks. */
const BYTES_PER_IMAGE = 5000;

/**
 * Looks at everything that a pipeline will need, before its first stage: every field, every data set opened and a batch of it decoded,
 * categories compared, engine, disk. Nothing is thrown: what is wrong is a finding.
 */
export async function inspectPipeline(
  spec: PipelineSpec,
  logger: Logger,
): Promise<PipelineServiceCheckResponse> {
  const findings: PipelineFinding[] = [];
  const data: PipelineDataEstimate[] = [];
  const attempt = async <T>(field: string, look: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await look();
    } catch (error) {
      findings.push({ field, code: errorCode(error), message: errorMessage(error) });
      return undefined;
    }
  };
  for (const check of pipelineChecks(spec)) await attempt('PipelineSpec', check);
  const engine = await attempt('engine', async () => describeEngine(await openEngine({ logger })));
  // What a field check refused would only fail again, less clearly.
  if (findings.length > 0) return answer({ findings, data, engine });

  const opened = new Map<string, Dataset>();
  for (const [name, request] of labeledSets(spec)) {
    const dataset = await attempt(`PipelineSpec.${name}`, () => openAndDecode(request));
    if (dataset === undefined) continue;
    opened.set(name, dataset);
    data.push(estimateOf(name, dataset));
  }
  const [labeled, validation] = [opened.get('labeled'), opened.get('validation')];
  if (labeled !== undefined && validation !== undefined) {
    await attempt('PipelineSpec.validation', () => compareCategories(labeled, validation));
  }
  const pool = await attempt('PipelineSpec.unlabeled', () => countPool(spec));
  if (pool !== undefined) data.push({ name: 'unlabeled', images: pool, dropped: 0, notes: [] });

  const parameters = countParameters(checkModel('PipelineSpec.model', spec.model)).total;
  const trainings = planPipeline('check', spec).filter(({ service }) => service === 'trainer').length;
  const outputBytes = trainings * parameters * BYTES_PER_PARAMETER + (pool ?? 0) * BYTES_PER_IMAGE;
  const freeBytes = await attempt('PipelineSpec.output_uri', () => freeSpace(spec.outputUri, outputBytes));
  return answer({ findings, data, engine, parameters, outputBytes, freeBytes });
}

function answer(
  found: Pick<PipelineServiceCheckResponse, 'findings' | 'data'> & {
    readonly engine: string | undefined;
    readonly parameters?: number;
    readonly outputBytes?: number;
    readonly freeBytes?: number | undefined;
  },
): PipelineServiceCheckResponse {
  const { engine = '', parameters = 0, outputBytes = 0, freeBytes = 0 } = found;
  return { ...found, engine, parameters, outputBytes, freeBytes };
}

function labeledSets(spec: PipelineSpec): [string, LabeledDataset][] {
  const sets: Readonly<Record<string, LabeledDataset | undefined>> = {
    labeled: spec.labeled,
    labeled_agnostic: spec.labeledAgnostic,
    validation: spec.validation,
    validation_agnostic: spec.validationAgnostic,
    unlabeled_truth: spec.unlabeledTruth,
  };
  return Object.entries(sets).flatMap(([name, request]) => (request === undefined ? [] : [[name, request]]));
}

async function openAndDecode(request: LabeledDataset): Promise<Dataset> {
  const dataset = await openLabeledDataset(request);
  const failures: string[] = [];
  for (const image of dataset.images.slice(0, BATCH)) {
    await loadImage(image).catch((error: unknown) => failures.push(errorMessage(error)));
  }
  if (failures.length < Math.min(BATCH, dataset.images.length)) return dataset;
  throw failedPrecondition(
    `none of the first ${failures.length} images can be decoded: ${failures[0] ?? ''}`,
  );
}

function estimateOf(name: string, { images, report }: Dataset): PipelineDataEstimate {
  const notes = report.reasons.length === 0 ? [] : formatDropReport(report).split('\n');
  return { name, images: images.length, dropped: report.images.listed - report.images.kept, notes };
}

/** Evaluations match categories by name: without one in common the first number comes after hours, and is an error. */
function compareCategories(labeled: Dataset, validation: Dataset): void {
  const names = new Set(labeled.categories.map(({ name }) => name));
  if (validation.categories.some(({ name }) => names.has(name))) return;
  const [ours, theirs] = [labeled, validation].map(({ categories }) =>
    categories
      .slice(0, 3)
      .map(({ name }) => JSON.stringify(name))
      .join(', '),
  );
  throw failedPrecondition(`its categories (${theirs}…) are none of the labeled set's (${ours}…)`);
}

async function countPool({ unlabeled }: PipelineSpec): Promise<number> {
  const { uri = '', limit = 0 } = unlabeled ?? {};
  const pool = await openImagePool(uri, limit === 0 ? {} : { limit });
  const first = [];
  let count = 0;
  for await (const entry of pool.entries()) {
    count += 1;
    if (first.length < BATCH) first.push(entry);
  }
  const failures: string[] = [];
  for await (const image of readShard({ entries: first })) {
    const decoded = image.error === undefined ? decodeImage(image.bytes) : Promise.reject(image.error);
    await decoded.catch((reason: unknown) => failures.push(errorMessage(reason)));
  }
  if (failures.length < first.length) return count;
  throw failedPrecondition(`none of the first ${first.length} images can be decoded: ${failures[0] ?? ''}`);
}

/** @throws RESOURCE_EXHAUSTED where less is free than the pipeline will write */
async function freeSpace(uri: string, neededBytes: number): Promise<number> {
  if (!uri.startsWith('file:')) return 0;
  const { bavail, bsize } = await statfs(fileURLToPath(uri));
  const free = bavail * bsize;
  if (free >= neededBytes) return free;
  throw resourceExhausted(`${uri} has ${free} bytes free, the pipeline will write about ${neededBytes}`);
}
