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
  readonly clients?: number;
  readonly rate?: number;
  readonly seed: number;
  readonly duration: number;
  readonly warmUp: number;
  readonly timeout: number;
  readonly json: boolean;
}

/** More images would only fill this process's memory. */
const MOST_IMAGES = 1000;

/** Runs the load and prints how it went. @throws INVALID_ARGUMENT naming the flag */
export async function load(flags: LoadFlags): Promise<void> {
  const shape = shapeOf(flags);
  const plan = {
    shape,
    durationMs: 1000 * flags.duration,
    warmUpMs: 1000 * flags.warmUp,
    timeoutMs: 1000 * flags.timeout,
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
    ? { kind: 'closed', clients: clients ?? 1 }
    : {
        kind: 'open',
        perSecond: rate,
        seed,
      };
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
