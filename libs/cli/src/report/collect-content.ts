import { openLabeledDataset } from '@cassl/workers';
import type { Dataset } from '@cassl/datasets';
import { LabelerServiceDefinition, type Pipeline, type TrainerServiceDefinition } from '@cassl/proto';
import { createClient, type RpcClient } from '@cassl/rpc';
import { drawCase, drawUnlabeled } from './collect-drawings.ts';
import { chooseCases, type JudgedImage } from './judge-images.ts';
import { measureArm } from './measure-arm.ts';
import { readDetections, type FoundImages } from '@cassl/datasets';
import type { ArmContent, ReportContent } from './report-content.ts';
import type { DrawingRow } from './drawing-row.ts';
import type { ReportJson } from './report-json.ts';

export interface CollectOptions {
  readonly pipeline: Pipeline;
  readonly report: ReportJson;
  readonly trainings: RpcClient<typeof TrainerServiceDefinition>;
  /** `host:port` of the labeler, which knows the label set. */
  readonly labelerAddress: string;
  /** Repeats the run. */
  readonly command: string;
}

/** Pictures of each kind of case. */
const CASES = 3;

/** Gathers what a report shows. Data of services on other machines may be out of reach: the report goes without that part. */
export async function collectContent(options: CollectOptions): Promise<ReportContent> {
  const { pipeline, report, command } = options;
  const labelSet = await readLabelSet(options);
  const dataset = await openValidation(pipeline).catch(outOfReach('validation images', undefined));
  const arms = dataset === undefined ? [] : await collectArms(pipeline, dataset);
  return {
    pipeline,
    report,
    trainings: await readTrainings(options),
    categories: dataset?.categories.map(({ name }) => name) ?? [],
    arms,
    unlabeled: await drawUnlabeled(pipeline, labelSet).catch(outOfReach('unlabeled images', [])),
    labelSet,
    command,
  };
}

function outOfReach<T>(what: string, instead: T): (error: unknown) => T {
  return (error) => {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`report: goes without the ${what}: ${why}\n`);
    return instead;
  };
}

async function openValidation({ spec }: Pipeline): Promise<Dataset | undefined> {
  return spec?.validation === undefined ? undefined : openLabeledDataset(spec.validation);
}

async function collectArms({ spec, stages, report }: Pipeline, dataset: Dataset): Promise<ArmContent[]> {
  const seed = spec?.seeds[0] ?? 1;
  const arms = await Promise.all(
    (report?.arms ?? []).map(async ({ name }) => {
      const stage = stages.find((known) => known.name === `evaluate/finetune/${name}/${seed}`);
      const found = await readDetections(stage?.result ?? '', dataset.categories).catch(
        outOfReach(`detections of ${name}`, new Map() as FoundImages),
      );
      return found.size === 0 ? [] : [await collectArm(name, dataset, found)];
    }),
  );
  return arms.flat();
}

async function collectArm(name: string, dataset: Dataset, found: FoundImages): Promise<ArmContent> {
  const measures = measureArm(dataset, found);
  const { best, typical, worst } = chooseCases(measures.images, CASES);
  const draw = (cases: readonly JudgedImage[]): Promise<DrawingRow[]> =>
    Promise.all(cases.map((judged) => drawCase(judged, found.get(judged.image.id) ?? [], dataset)));
  return {
    name,
    measures,
    pictures: { best: await draw(best), typical: await draw(typical), worst: await draw(worst) },
  };
}

async function readTrainings({ pipeline, trainings }: CollectOptions): Promise<ReportContent['trainings']> {
  const jobs = await Promise.all(
    pipeline.stages
      .filter(({ service }) => service === 'trainer')
      .map(async ({ name, jobId }) => ({ stage: name, ...(await trainings.getTraining({ id: jobId })) })),
  );
  return jobs.flatMap(({ stage, training }) => (training === undefined ? [] : [{ stage, training }]));
}

async function readLabelSet({ pipeline, labelerAddress }: CollectOptions): Promise<string> {
  const stage = pipeline.stages.find(({ name }) => name === 'labeling');
  if (stage === undefined) return '';
  const labeler = createClient(LabelerServiceDefinition, labelerAddress);
  try {
    return (await labeler.getLabeling({ id: stage.jobId })).labeling?.labelSetUri ?? '';
  } finally {
    labeler.close();
  }
}
