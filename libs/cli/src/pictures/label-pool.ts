import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { CasslError, invalidArgument, type ErrorCode } from '@cassl/errors';
import { isEnded } from '@cassl/jobs';
import { JobState, Labeling, LabelerServiceDefinition, LabelingSpec } from '@cassl/proto';
import { createClient } from '@cassl/rpc';
import { withServices } from '../local/find-services.ts';

export interface LabelPoolOptions {
  readonly alias: string;
  readonly out?: string;
  readonly threshold: string;
  readonly nonOverlap: boolean;
  readonly shardSize: string;
  readonly id?: string;
  readonly home: string;
  readonly json: boolean;
}

const LOOK_EVERY_MS = 1000;

/** Labels a whole pool as a job and follows it to its end; the same command goes on where it was. */
export async function labelPool(pool: string, options: LabelPoolOptions): Promise<void> {
  if (options.out === undefined)
    throw invalidArgument('--out is missing: a pool needs a folder or s3:// address for its label files');
  const spec = LabelingSpec.fromPartial({
    checkpoint: options.alias,
    pool: { uri: toUri(pool) },
    options: { threshold: Number(options.threshold), nonOverlap: options.nonOverlap },
    outputUri: toUri(options.out),
    shardSize: Number(options.shardSize),
  });
  const digest = createHash('sha256').update(LabelingSpec.encode(spec).finish()).digest('hex');
  const id = options.id ?? `label-${digest.slice(0, 12)}`;
  const roots = { data: [toUri(pool)], output: [toUri(options.out)] };
  const names = ['registry', 'labeler'] as const;
  await withServices({ home: options.home, names, roots }, async ({ labeler: address }) => {
    const labeler = createClient(LabelerServiceDefinition, address);
    try {
      await labeler.startLabeling({ id, spec });
      const labeling = await followLabeling(() => labeler.getLabeling({ id }));
      if (options.json) console.log(JSON.stringify(Labeling.toJSON(labeling)));
      else print(labeling);
    } finally {
      labeler.close();
    }
  });
}

async function followLabeling(look: () => Promise<{ labeling?: Labeling | undefined }>): Promise<Labeling> {
  for (let last = ''; ; await delay(LOOK_EVERY_MS)) {
    const { labeling } = await look();
    const status = labeling?.status;
    const line = `${status?.progress?.done ?? 0}/${status?.progress?.total ?? 0} images`;
    if (line !== last) process.stderr.write(`${line}\n`);
    last = line;
    if (labeling === undefined || !isEnded(status)) continue;
    if (status?.state === JobState.JOB_STATE_SUCCEEDED) return labeling;
    const { code, message } = status?.error ?? { code: 'CANCELLED', message: 'it was cancelled' };
    throw new CasslError(code as ErrorCode, `labeling ${status?.id ?? ''}: ${message}`);
  }
}

function print({ labeledImages, emptyImages, failedImages, labelCount, spec, failures }: Labeling): void {
  console.log(
    `${labelCount} labels on ${labeledImages} images, ${emptyImages} without, ${failedImages} failed; files in ${spec?.outputUri ?? ''}`,
  );
  for (const { key, error } of failures)
    console.log(`  ${key}: ${error?.code ?? ''} ${error?.message ?? ''}`);
}

function toUri(path: string): string {
  return /^[a-z0-9]+:\/\//.test(path) ? path : pathToFileURL(resolve(path)).href;
}
