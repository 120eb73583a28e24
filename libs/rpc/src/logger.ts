import { withoutUserInfo } from '@cassl/errors';
import { logFields } from '@cassl/telemetry';
import { pino, stdSerializers, type Logger } from 'pino';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** Which program speaks, for example "registry". */
  readonly name: string;
  /** Default `CASSL_LOG_LEVEL`, else "info"; "silent" turns logging off. */
  readonly level?: string | undefined;
}

/**
 * JSON lines on stderr, so that stdout stays free for results; written at once, so that a crash loses none. Within a trace they
 * carry `trace_id` and `span_id`.
 */
export function createLogger({ name, level }: LoggerOptions): Logger {
  const base = { service: name, pid: process.pid };
  return pino(
    {
      level: level ?? (process.env.CASSL_LOG_LEVEL || 'info'),
      base,
      mixin: logFields,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: shownError },
      redact: ['token', '*.token', 'authorization', '*.authorization'],
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** Libraries put into their errors what they were called with: node's `Invalid URL` has the whole address, with its password. */
function shownError(error: Error): object {
  const fields = Object.entries(stdSerializers.err(error));
  return Object.fromEntries(
    fields.map(([name, value]) => [
      name,
      typeof value === 'string' ? withoutUserInfo(value) : (value as unknown),
    ]),
  );
}
