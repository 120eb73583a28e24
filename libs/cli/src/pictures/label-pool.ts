import { createHash } from 'node:crypto';
import { invalidArgument } from '@cassl/errors';
import { Labeling, LabelerServiceDefinition, LabelingSpec } from '@cassl/proto';
import { createClient } from '@cassl/rpc';
import { folderOfAddress } from '@cassl/storage';
import { labelingJobs } from '../jobs/labeling-jobs.ts';
import { watchJob } from '../jobs/watch-job.ts';
import { describeLabeling } from './describe-labeling.ts';
import { readTeacher } from './read-teacher.ts';
import { withServices } from '../local/find-services.ts';
import { toUri } from '../local/to-uri.ts';

export interface LabelPoolOptions {
  readonly alias?: string;
  /** Instead of an alias; see `readTeacher`. */
  readonly teacher?: string;
  readonly out?: string;
  readonly threshold: number;
  readonly nonOverlap: boolean;
  readonly shardSize: number;
  /** Label set whose labels are copied where they would be made again. */
  readonly known?: string;
  readonly priority: number;
  /** 0: any number. */
  readonly maxWorkers: number;
  /** Beyond it the job fails; absent: where no image could be labeled. */
  readonly maxFailureRate?: number;
  readonly id?: string;
  readonly home: string;
  readonly json: boolean;
}

/** Labels a whole pool as a job and follows it to its end; the same command goes on where it was. */
export async function labelPool(pool: string, options: LabelPoolOptions): Promise<void> {
  if (options.out === undefined)
    throw invalidArgument('--out is missing: a pool needs a folder or s3:// address for its label files');
  const spec = LabelingSpec.fromPartial({
    checkpoint: options.alias ?? '',
    ...(options.teacher === undefined ? {} : { teacher: await readTeacher(options.teacher) }),
    pool: { uri: toUri(pool) },
    options: { threshold: options.threshold, nonOverlap: options.nonOverlap },
    outputUri: toUri(options.out),
    shardSize: options.shardSize,
    priority: options.priority,
    maxWorkers: options.maxWorkers,
    maxFailureRate: options.maxFailureRate,
    ...(options.known === undefined ? {} : { knownLabels: toUri(options.known) }),
  });
  const digest = createHash('sha256').update(LabelingSpec.encode(spec).finish()).digest('hex');
  const id = options.id ?? `label-${digest.slice(0, 12)}`;
  const { source } = spec.teacher ?? {};
  const teacherFile = source?.$case === 'onnx' ? [source.value.uri] : [];
  const known = spec.knownLabels === '' ? [] : [folderOfAddress(spec.knownLabels)];
  const roots = { data: [toUri(pool), ...teacherFile, ...known], output: [toUri(options.out)] };
  const names = ['registry', 'labeler'] as const;
  const comeBack = (): string =>
    `labeling ${id} goes on without this command; the same command or \`cassl jobs watch labeling/${id}\` comes back, ` +
    `\`cassl jobs cancel labeling/${id}\` stops it`;
  await withServices({ home: options.home, names, roots, comeBack }, async ({ labeler: address }) => {
    const labeler = createClient(LabelerServiceDefinition, address);
    const jobs = labelingJobs(address);
    try {
      await labeler.startLabeling({ id, spec });
      const { json } = await watchJob(jobs, id, { json: false });
      if (options.json) console.log(JSON.stringify(json));
      else console.log(describeLabeling(Labeling.fromJSON(json)).join('\n'));
    } finally {
      labeler.close();
      jobs.close();
    }
  });
}
