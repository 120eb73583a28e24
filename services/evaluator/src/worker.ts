import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EvaluationSpec, RegistryServiceDefinition } from '@cassl/proto';
import { createClient } from '@cassl/rpc';
import { workerMain } from '@cassl/workers';
import { evaluate } from './evaluate.ts';
import type { EvaluationJobFile, EvaluationMessage } from './evaluation-messages.ts';

await workerMain<EvaluationMessage>('evaluation-worker', async ({ folder, report, logger, signal }) => {
  // There is nothing to keep of half an evaluation.
  signal.addEventListener('abort', () => process.exit(1));
  const file = await readFile(join(folder, 'job.json'), 'utf8');
  const { id, spec, registryAddress, cacheDir } = JSON.parse(file) as EvaluationJobFile;
  const measured = await evaluate({
    spec: EvaluationSpec.fromJSON(spec),
    registry: createClient(RegistryServiceDefinition, registryAddress),
    cacheDir,
    logger: logger.child({ evaluation: id }),
    onProgress: (done, total) => void report({ type: 'progress', done, total }),
  });
  await report({ type: 'measured', measured });
});
