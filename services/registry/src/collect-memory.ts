import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

interface GcOptions {
  readonly type: 'major' | 'minor';
  readonly execution: 'sync';
  readonly flavor?: 'last-resort';
}
type Collect = (options: GcOptions) => void;

/** So much may come in before what was written of it is collected: a collection of the young takes as long as hashing 1 MB. */
const RECEIVED_BYTES = 8 * 2 ** 20;

let known: Collect | undefined;
let received = 0;

/**
 * Keeps V8 from giving new objects ever more room, up to 32 MB, where a few live calls need less than one.
 * Called at the start, for room that was given is not taken back.
 */
export function keepYoungSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * Gives back what loading the modules left: V8 would keep some 35 MB of it until it has grown by as much again, which a service that
 * streams through the same buffers never does.
 */
export function collectStart(): void {
  collector()({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/**
 * Called with bytes that came in. Node takes each piece from a socket into memory of its own, of which V8 sees a small object
 * only: left to itself it lets some 64 MB of them gather.
 */
export function collectReceived(bytes: number): void {
  received += bytes;
  if (received < RECEIVED_BYTES) return;
  received = 0;
  collector()({ type: 'minor', execution: 'sync' });
}

function collector(): Collect {
  if (known !== undefined) return known;
  setFlagsFromString('--expose-gc');
  return (known = runInNewContext('gc') as Collect);
}
