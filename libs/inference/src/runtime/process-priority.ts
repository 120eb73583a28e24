import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/**
 * Niceness of a process that loads a model while another one serves: two fifths of its share where both want a core. Less would starve it on a
 * machine that others use too.
 */
const LOADING = 4;
/** Linux's CAP_SYS_NICE. */
const MAY_RAISE = 1n << 23n;

/**
 * Puts a process that has just been started behind everybody else, if it can take the step back later: a process without the
 * right (CAP_SYS_NICE) may only ever become less urgent.
 * @returns the priority that it shall have once it serves; undefined where nothing was changed
 */
export function standBack(pid: number | undefined): number | undefined {
  if (pid === undefined || !mayRaise()) return undefined;
  try {
    const usual = getPriority();
    if (usual < LOADING) setPriority(pid, LOADING);
    return usual;
  } catch {
    // It is gone already, which whoever started it learns otherwise.
    return undefined;
  }
}

/** Gives this process, with all its threads (Linux has a priority for each), the priority that it was meant for. */
export function comeForward(usual: number): void {
  for (const thread of readdirSync('/proc/self/task')) {
    try {
      setPriority(Number(thread), usual);
    } catch {
      // The thread has ended.
    }
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
