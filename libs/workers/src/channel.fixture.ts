/** A worker that answers messages, for the tests of the channel between a service and its worker. */
import { workerChannel } from './worker-channel.ts';

const [whenAlone = 'exit', isDeaf = ''] = process.argv.slice(2);
const channel = workerChannel({ whenAlone: whenAlone as 'exit' | 'stop' });
channel.onMessage((message) => {
  process.stderr.write(`heard ${JSON.stringify(message)}\n`);
  void channel.report({ answerTo: message, bytes: new Uint8Array([1, 2, 3]) });
});
// Keeps the process alive until it is told to stop.
const alive = setInterval(() => undefined, 1000);
channel.signal.addEventListener('abort', () => {
  process.stdout.write('');
  if (isDeaf === 'deaf') return;
  clearInterval(alive);
  process.exit(whenAlone === 'stop' ? 7 : 0);
});
void channel.report({ pid: process.pid });
