import { Writable, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Log, type KubeConfig } from '@kubernetes/client-node';

export interface FollowPodLogOptions {
  readonly config: KubeConfig;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly onLine: (line: string) => void;
  /** The pod has ended: what is left is read, and following ends. */
  readonly isOver: () => boolean;
  readonly signal: AbortSignal;
}

const RETRY_MS = 500;
/** After its end a pod's log is asked for so often, since the last lines may come late. */
const LAST_TRIES = 3;

/** Reads a pod's log from its beginning to the pod's end, going on after a broken connection without repeating a line. */
export async function followPodLog(options: FollowPodLogOptions): Promise<void> {
  const { isOver, signal } = options;
  let last = '';
  const onTimedLine = (text: string): void => {
    const space = text.indexOf(' ');
    const time = text.slice(0, space);
    // Times have nine digits of a second: two lines of one pod do not share one.
    if (time <= last) return;
    last = time;
    options.onLine(text.slice(space + 1));
  };
  for (let tries = 0; !signal.aborted;) {
    const wasOver = isOver();
    const isComplete = await readOnce(options, last, onTimedLine).catch(() => false);
    if (wasOver && (isComplete || ++tries >= LAST_TRIES)) return;
    await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Answers whether the log was read to its present end. */
async function readOnce(
  { config, namespace, pod, container, signal }: FollowPodLogOptions,
  since: string,
  onLine: (line: string) => void,
): Promise<boolean> {
  let rest = '';
  const decoder = new TextDecoder();
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
      done();
    },
  });
  // The client pipes without looking after errors: a connection that breaks would end this process.
  sink.on('error', () => undefined);
  sink.once('pipe', (source: Readable) => source.on('error', (error) => sink.destroy(error)));
  const request = await new Log(config).log(namespace, pod, container, sink, {
    follow: true,
    timestamps: true,
    ...(since !== '' && { sinceTime: since }),
  });
  const stop = (): void => request.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await finished(sink, { signal });
    if (rest !== '') onLine(rest);
    return true;
  } finally {
    signal.removeEventListener('abort', stop);
    request.abort();
  }
}
