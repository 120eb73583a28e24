import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { promisify } from 'node:util';

/** The least urgent: of a core that two want, one in seventy. */
const LAST = 19;
/**
 * What a process that loads a model while another one serves may take of the processor, by how long it has been loading. First what the
 * one that serves leaves, so that callers hardly notice it; where nobody leaves anything it is let in by and by, so that it is not starved.
 */
const LOADING: readonly { readonly afterMs: number; readonly level: Level }[] = [
  { afterMs: 0, level: { policy: 'idle', niceness: LAST } },
  { afterMs: 5_000, level: { policy: 'other', niceness: 10 } },
  { afterMs: 10_000, level: { policy: 'other', niceness: 4 } },
];
/** Linux's CAP_SYS_NICE. */
const MAY_RAISE = 1n << 23n;
/** For a command that takes milliseconds. */
const CHRT_TIMEOUT_MS = 5_000;

interface Level {
  /**
   * Linux's: a thread of `idle` makes way at once for one that wakes up; one of `other` keeps its core for some milliseconds first,
   * however low its niceness, and a forward pass wakes its threads for each of its layers.
   */
  readonly policy: 'idle' | 'other';
  readonly niceness: number;
}

/** A process that stands behind everybody else while it loads. */
export interface StandingBack {
  /** It serves, or is gone: resolves when its priority is its own again. */
  readonly end: () => Promise<void>;
}

/**
 * Puts a process that has just been started behind everybody else, if it can be brought forward again: without the right
 * (CAP_SYS_NICE) a process may only ever become less urgent.
 */
export function standBack(pid: number | undefined): StandingBack {
  if (pid === undefined || !mayRaise()) return { end: () => Promise.resolve() };
  const usual: Level = { policy: 'other', niceness: getPriority() };
  // In the order in which they were wanted: the last one stays.
  let done = Promise.resolve();
  const set = (level: Level): void => void (done = done.then(() => setLevel(pid, level)));
  const timers = LOADING.filter(({ level }) => level.niceness > usual.niceness).map(({ afterMs, level }) => {
    if (afterMs > 0) return setTimeout(() => set(level), afterMs).unref();
    set(level);
    return undefined;
  });
  return {
    end: () => {
      timers.forEach((timer) => clearTimeout(timer));
      set(usual);
      return done;
    },
  };
}

/** A process that has nothing left to do but to end: giving its memory back takes a core for as long as a picture does. */
export function stepAside(pid: number | undefined): void {
  if (pid !== undefined) setNiceness(pid, LAST);
}

async function setLevel(pid: number, { policy, niceness }: Level): Promise<void> {
  setNiceness(pid, niceness);
  try {
    await promisify(execFile)('chrt', ['--all-tasks', `--${policy}`, '--pid', '0', String(pid)], {
      timeout: CHRT_TIMEOUT_MS,
    });
  } catch {
    // The process has ended, or there is no util-linux: its niceness is all that it has.
  }
}

/** Of all its threads: Linux has one for each. */
function setNiceness(pid: number, niceness: number): void {
  for (const thread of threadsOf(pid)) {
    try {
      setPriority(thread, niceness);
    } catch {
      // The thread has ended.
    }
  }
}

function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    // It is gone already, which whoever started it learns otherwise; or this is no Linux, which has no threads to tell apart.
    return [pid];
  }
}

function mayRaise(): boolean {
  try {
    const [, capabilities] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return capabilities !== undefined && (BigInt(`0x${capabilities}`) & MAY_RAISE) !== 0n;
  } catch {
    return false;
  }
}
