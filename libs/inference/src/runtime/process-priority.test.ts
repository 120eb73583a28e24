import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { standBack, stepAside } from './process-priority.ts';

const mayRaise = process.getuid?.() === 0 && getPriority() === 0;
let child: ChildProcess;

beforeEach(async () => {
  // Several threads, as a model process has.
  child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000); console.log()']);
  if (child.stdout !== null) await once(child.stdout, 'data');
  vi.useFakeTimers();
});
afterEach(async () => {
  vi.useRealTimers();
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
});

const ofThreads = <Value>(read: (thread: string) => Value): Set<Value> =>
  new Set(readdirSync(`/proc/${child.pid}/task`).map(read));
const niceness = (): Set<number> => ofThreads((thread) => getPriority(Number(thread)));
/** proc(5), field 41 of stat: 0 is SCHED_OTHER, 5 SCHED_IDLE. */
const policies = (): Set<number> =>
  ofThreads((thread) => {
    const stat = readFileSync(`/proc/${child.pid}/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38]);
  });

describe('a process that loads beside one that serves', () => {
  it.skipIf(!mayRaise)(
    'comes last, and is let in by and by so that it is not starved (as root, itself at the usual priority)',
    async () => {
      const back = standBack(child.pid);
      const shows = (policy: number, nice: number): Promise<void> =>
        vi.waitFor(() => {
          expect(policies()).toEqual(new Set([policy]));
          expect(niceness()).toEqual(new Set([nice]));
        });
      await shows(5, 19);
      vi.advanceTimersByTime(5_000);
      await shows(0, 10);
      vi.advanceTimersByTime(5_000);
      await shows(0, 4);
      await back.end();
      await shows(0, getPriority());
    },
  );

  it.skipIf(!mayRaise)(
    'has the usual priority from the moment it serves (as root, itself at the usual priority)',
    async () => {
      await standBack(child.pid).end();
      vi.advanceTimersByTime(60_000);
      expect(policies()).toEqual(new Set([0]));
      expect(niceness()).toEqual(new Set([getPriority()]));
    },
  );

  it('is left alone where it is gone', async () => {
    await standBack(undefined).end();
    await standBack(2 ** 22 - 1).end();
    expect(() => stepAside(2 ** 22 - 1)).not.toThrow();
  });
});

it('a process that only has to end comes last, with all its threads', () => {
  stepAside(child.pid);
  expect(niceness()).toEqual(new Set([19]));
});
