import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineServiceCheckResponse, PipelineSpec } from '@cassl/proto';
import { workerMain } from '@cassl/workers';
import type { CheckMessage } from './check-pipeline.ts';
import { inspectPipeline } from './inspect-pipeline.ts';

await workerMain<CheckMessage>('check-worker', async ({ folder, report, logger, signal }) => {
  signal.addEventListener('abort', () => process.exit(1));
  const spec = PipelineSpec.fromJSON(JSON.parse(await readFile(join(folder, 'job.json'), 'utf8')));
  const found = await inspectPipeline(spec, logger);
  await report({ type: 'checked', found: PipelineServiceCheckResponse.toJSON(found) });
});
