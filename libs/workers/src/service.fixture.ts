/** A service with one worker, to be killed: prints the worker's process number. */
import { join } from 'node:path';
import { startWorkerProcess } from './worker-process.ts';

const [whenAlone = 'exit'] = process.argv.slice(2);
const worker = startWorkerProcess({
  entry: join(import.meta.dirname, 'channel.fixture.ts'),
  argv: [whenAlone],
  onMessage: () => process.stdout.write(`${worker.pid}\n`),
});
