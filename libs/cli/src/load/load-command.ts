import { invalidArgument } from '@cassl/errors';
import { openTarget } from './open-target.ts';
import { readImages } from './read-images.ts';
import { runLoad, type LoadShape } from './run-load.ts';
import type { LoadResult } from './summarize.ts';

export interface LoadFlags {
  readonly target: string;
  readonly model: string;
  readonly images: string;
  readonly input?: string;
  readonly clients?: string;
  readonly rate?: string;
  readonly seed: string;
  readonly duration: string;
  readonly warmUp: string;
  readonly timeout: string;
  readonly json: boolean;
}

/** More images would only fill this process's memory. */
const MOST_IMAGES = 1000;

/** Runs the load and prints how it went. @throws INVALID_ARGUMENT naming the flag */
export async function load(flags: LoadFlags): Promise<void> {
  const shape = shapeOf(flags);
  const plan = {
    shape,
    durationMs: 1000 * number('--duration', flags.duration, 0.1, 86_400),
    warmUpMs: 1000 * number('--warm-up', flags.warmUp, 0, 3600),
    timeoutMs: 1000 * number('--timeout', flags.timeout, 0.001, 3600),
  };
  const images = await readImages(flags.images, MOST_IMAGES);
  const { target: address, model, input } = flags;
  const target = await openTarget({
    address,
    model,
    input,
    token: process.env.CASSL_AUTH_TOKEN || undefined,
  });
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  try {
    const ask = (turn: number, signal: AbortSignal): Promise<void> =>
      target.ask(images[turn % images.length] ?? new Uint8Array(), signal);
    const result = await runLoad(ask, { ...plan, signal: stop.signal });
    console.log(
      flags.json ? JSON.stringify({ target: address, model, shape, ...result }) : show(shape, result),
    );
  } finally {
    process.removeListener('SIGINT', onSignal);
    target.close();
  }
}

function shapeOf({ clients, rate, seed }: LoadFlags): LoadShape {
  if (clients !== undefined && rate !== undefined)
    throw invalidArgument('--clients is a closed loop and --rate an open one: give one of them');
  return rate === undefined
    ? { kind: 'closed', clients: Math.round(number('--clients', clients ?? '1', 1, 10_000)) }
    : {
        kind: 'open',
        perSecond: number('--rate', rate, 0.001, 100_000),
        seed: Math.round(number('--seed', seed, 0, 2 ** 32 - 1)),
      };
}

function number(flag: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= low && value <= high))
    throw invalidArgument(`${flag} must be in [${low}, ${high}], got ${JSON.stringify(text)}`);
  return value;
}

function show(
  shape: LoadShape,
  { answered, perSecond, seconds, latencyMs, errors, sentLateMs }: LoadResult,
): string {
  const ms = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(1));
  const { p50, p90, p99, p999, max } = latencyMs;
  const failed = Object.entries(errors).map(([code, count]) => `${code} ${count}`);
  return [
    shape.kind === 'closed'
      ? `closed loop, ${shape.clients} clients`
      : `open loop, ${shape.perSecond}/s, seed ${shape.seed}; times count from when a request was due`,
    `answered   ${answered} in ${seconds.toFixed(1)} s, ${perSecond.toFixed(1)}/s`,
    `errors     ${failed.join(', ') || 'none'}`,
    `latency    p50 ${ms(p50)}  p90 ${ms(p90)}  p99 ${ms(p99)}  p99.9 ${ms(p999)}  max ${ms(max)} ms`,
    ...(sentLateMs > 20 ? [`beware     this machine sent up to ${sentLateMs.toFixed(0)} ms late`] : []),
  ].join('\n');
}
