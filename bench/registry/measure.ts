import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from './servers.ts';

export interface Measured {
  readonly seconds: number;
  readonly mbPerSecond: number;
  readonly serverCpuSeconds: number;
  readonly peakMiB: number;
}

/** Runs a transfer and watches the server meanwhile. */
export async function measure(
  server: Server,
  bytes: number,
  transfer: () => Promise<void>,
): Promise<Measured> {
  const over = new AbortController();
  const peak = (async () => {
    let most = 0;
    while (!over.signal.aborted) {
      most = Math.max(most, await server.residentMiB());
      await sleep(20, undefined, { signal: over.signal }).catch(() => undefined);
    }
    return most;
  })();
  const cpuBefore = await server.cpuSeconds();
  const startedAt = performance.now();
  try {
    await transfer();
  } finally {
    over.abort();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    seconds,
    mbPerSecond: bytes / 1e6 / seconds,
    serverCpuSeconds: (await server.cpuSeconds()) - cpuBefore,
    peakMiB: await peak,
  };
}

/** The run of the median rate. */
export function median(runs: readonly Measured[]): Measured {
  const sorted = [...runs].sort((a, b) => a.mbPerSecond - b.mbPerSecond);
  return sorted[sorted.length >> 1] as Measured;
}

/** So many curls at once, each to nowhere. */
export async function curl(url: string, clients: number): Promise<void> {
  await Promise.all(Array.from({ length: clients }, () => command('curl', ['-sSf', '-o', '/dev/null', url])));
}

export async function command(name: string, flags: readonly string[]): Promise<string> {
  const child = spawn(name, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return out;
}
