import { setTimeout as sleep } from 'node:timers/promises';
import { CasslError } from '@cassl/errors';

/** The edges at which a crash could lose or double a shard, in the order in which a shard passes them. */
export type FailpointName =
  | 'after-pull'
  | 'after-forward'
  | 'after-blob'
  | 'after-commit'
  | 'before-ack'
  | 'before-record'
  | 'after-chunk';

interface Fault {
  readonly kind: 'kill' | 'stall' | 'error';
  /** Chance of 0 to 1 at each passing. */
  readonly chance: number;
  readonly stallMs: number;
}

/**
 * Reads `CASSL_FAILPOINTS`, for tests of recovery alone: `NAME=kill:CHANCE`, `NAME=error:CHANCE` or `NAME=stall:CHANCE:MS`, joined by
 * commas, for example `after-blob=kill:0.01,after-pull=stall:0.001:60000`.
 * @throws Error for a point that does not read so
 */
function readFailpoints(text: string): ReadonlyMap<string, Fault> {
  const faults = new Map<string, Fault>();
  for (const part of text.split(',').filter((item) => item !== '')) {
    const match = /^([a-z-]+)=(kill|stall|error):(0|1|0?\.\d+)(?::(\d+))?$/.exec(part);
    if (match === null) throw new Error(`CASSL_FAILPOINTS: cannot read ${JSON.stringify(part)}`);
    const [, name = '', kind, chance, stallMs] = match;
    faults.set(name, {
      kind: kind as Fault['kind'],
      chance: Number(chance),
      stallMs: Number(stallMs ?? 60_000),
    });
  }
  return faults;
}

const active = readFailpoints(process.env.CASSL_FAILPOINTS ?? '');

/** Does nothing, unless `CASSL_FAILPOINTS` names this point: then this process dies, stops for a while or fails here. */
export async function failpoint(name: FailpointName): Promise<void> {
  const fault = active.get(name);
  if (fault === undefined || Math.random() >= fault.chance) return;
  switch (fault.kind) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      // The signal comes at once, but not within this statement.
      return sleep(60_000);
    case 'stall':
      // The whole thread, heartbeats included, as a frozen machine would.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fault.stallMs);
      return;
    case 'error':
      throw new CasslError('INTERNAL', `failpoint ${name}`);
  }
}
