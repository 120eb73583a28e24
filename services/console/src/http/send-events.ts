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
  // Nobody reads what would follow, nor says that it need not go on.
  if (context.req.method === 'HEAD')
    return context.body(null, 200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  return streamSSE(context, async (stream) => {
    const gone = new AbortController();
    stream.onAbort(() => gone.abort());
    const signal = AbortSignal.any([gone.signal, stopping]);
    const heartbeat = setInterval(() => void stream.write(': \n\n'), HEARTBEAT_MS);
    try {
      for await (const value of source(signal)) {
        // Writing to a browser that is gone neither waits nor fails: a source with much to say would never let go.
        if (signal.aborted) break;
        await stream.writeSSE({ data: JSON.stringify(value) });
      }
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
