import type { Bucket } from './bucket.ts';
import { checkToken } from './names.ts';

/** How a job's items are handed out; changed at any time, seen by every worker. */
export interface Lane {
  /** Items of an earlier epoch are dropped. Grows with each cancel. */
  readonly epoch: number;
  /** Workers take from the highest first. Default 0. */
  readonly priority: number;
  /** Share of the workers' time among jobs of the same priority. Default 1. */
  readonly weight: number;
  /** Items with workers at the same time, at most; 0 means any number. */
  readonly maxRunning: number;
  /** Workers take nothing from it. */
  readonly isPaused: boolean;
  /** False once the job is cancelled or over. */
  readonly isOpen: boolean;
  /** The kind of workers it wants; only workers that name it take from it. Default ''. */
  readonly pool: string;
}

export const NEW_LANE: Lane = {
  epoch: 0,
  priority: 0,
  weight: 1,
  maxRunning: 0,
  isPaused: false,
  isOpen: false,
  pool: '',
};

export function decodeLane(bytes: Uint8Array | undefined): Lane {
  if (bytes === undefined) return NEW_LANE;
  return { ...NEW_LANE, ...(JSON.parse(new TextDecoder().decode(bytes)) as Partial<Lane>) };
}

/** Reads, changes and writes a job's lane until no one came between; one that is missing is made. */
export async function changeLane(lanes: Bucket, job: string, change: (lane: Lane) => Lane): Promise<Lane> {
  for (;;) {
    const current = await lanes.get(checkToken('job', job));
    const next = change(decodeLane(current?.value));
    const bytes = new TextEncoder().encode(JSON.stringify(next));
    const revision =
      current === undefined
        ? await lanes.create(job, bytes)
        : await lanes.update(job, bytes, current.revision);
    if (revision !== undefined) return next;
  }
}

export async function readLane(lanes: Bucket, job: string): Promise<Lane> {
  return decodeLane((await lanes.get(checkToken('job', job)))?.value);
}
