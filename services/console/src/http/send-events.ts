import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { httpFailure } from '@cassl/rpc';

/** Proxies cut connections that are silent for longer. */
const HEARTBEAT_MS = 15_000;

/**
 * Streams values as server-sent events: `message` with each as JSON, `end` after the last, `failure` with code and message.
 * @param source is told by its signal when the browser is gone or the console stops
 */
export function sendEvents(
  context: Context,
  stopping: AbortSignal,
  source: (signal: AbortSignal) => AsyncIterable<unknown>,
): Response {
  return streamSSE(context, async (stream) => {
    const gone = new AbortController();
    stream.onAbort(() => gone.abort());
    const signal = AbortSignal.any([gone.signal, stopping]);
    const heartbeat = setInterval(() => void stream.write(': \n\n'), HEARTBEAT_MS);
    try {
      for await (const value of source(signal)) await stream.writeSSE({ data: JSON.stringify(value) });
      if (!signal.aborted) await stream.writeSSE({ event: 'end', data: '' });
    } catch (error) {
      if (signal.aborted) return;
      const { code, message } = httpFailure(error);
      await stream.writeSSE({ event: 'failure', data: JSON.stringify({ code, message }) });
    } finally {
      clearInterval(heartbeat);
      gone.abort();
    }
  });
}
