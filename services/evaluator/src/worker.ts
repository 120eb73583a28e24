import { errorCode, errorMessage } from '@cassl/errors';
import { EvaluationSpec, RegistryServiceDefinition } from '@cassl/proto';
import { createClient, createLogger } from '@cassl/rpc';
import { workerChannel } from '@cassl/workers';
import { evaluate } from './evaluate.ts';
import type { EvaluationMessage, EvaluationOrder } from './evaluation-messages.ts';

// One evaluation, as a child process of the evaluator: the first message is the order.
const logger = createLogger({ name: 'evaluation-worker' });
const channel = workerChannel();
const report = (message: EvaluationMessage): Promise<void> => channel.report(message);

const run = async ({ id, spec, registryAddress, cacheDir }: EvaluationOrder): Promise<void> => {
  const registry = createClient(RegistryServiceDefinition, registryAddress);
  const measured = await evaluate({
    spec: EvaluationSpec.fromJSON(spec),
    registry,
    cacheDir,
    logger: logger.child({ evaluation: id }),
    onProgress: (done, total) => void report({ type: 'progress', done, total }),
  });
  await report({ type: 'measured', measured });
};

channel.signal.addEventListener('abort', () => process.exit(1));
channel.onMessage((message) => {
  run(message as EvaluationOrder).then(
    () => process.exit(0),
    async (error: unknown) => {
      logger.error({ err: error }, 'evaluation failed');
      await report({ type: 'failed', code: errorCode(error), message: errorMessage(error) });
      process.exit(1);
    },
  );
});
