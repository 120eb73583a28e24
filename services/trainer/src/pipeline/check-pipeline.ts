import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { processPlace, runWork } from '@cassl/cluster';
import { internal, invalidArgument } from '@cassl/errors';
import { PipelineServiceCheckResponse, PipelineSpec } from '@cassl/proto';
import { takeTurns } from '@cassl/rpc';

export interface CheckMessage {
  readonly type: 'checked';
  /** `PipelineServiceCheckResponse` as protobuf JSON. */
  readonly found: unknown;
}

/** Looks at a whole pipeline before its first hour. */
export type CheckPipeline = (
  spec: PipelineSpec | undefined,
  signal: AbortSignal,
) => Promise<PipelineServiceCheckResponse>;

const WORKER = join(import.meta.dirname, 'check-worker.ts');
/** Also in a cluster: a check takes seconds and little memory. */
const place = processPlace({ entries: { check: WORKER } });

/** Checks in a worker process: annotations of a large data set would hold up every call for seconds. */
export function pipelineChecker(dataDir: string): CheckPipeline {
  // A process each: a hundred callers at once must not be a hundred processes.
  const inTurn = takeTurns({ what: 'checks of pipelines', atOnce: 2, waiting: 32 });
  return async (spec, signal) => {
    if (spec === undefined) throw invalidArgument('PipelineServiceCheckRequest.spec is missing');
    return inTurn(signal, () => checkInProcess(dataDir, spec, signal));
  };
}

async function checkInProcess(
  dataDir: string,
  spec: PipelineSpec,
  signal: AbortSignal,
): Promise<PipelineServiceCheckResponse> {
  await mkdir(dataDir, { recursive: true });
  const folder = await mkdtemp(join(dataDir, 'check-'));
  try {
    await writeFile(join(folder, 'job.json'), JSON.stringify(PipelineSpec.toJSON(spec)));
    let found: unknown;
    await runWork<CheckMessage>({
      place,
      kind: 'check',
      id: basename(folder),
      folder,
      signal,
      onMessage: (message) => (found = message.found),
    });
    if (found === undefined) throw internal('the check ended without a result');
    return PipelineServiceCheckResponse.fromJSON(found);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
