import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { notFound } from '@cassl/errors';
import { afterEach, describe, expect, it } from 'vitest';
import { openNoOpRuntime } from './open-no-op-runtime.ts';
import type { InferenceRuntime, RuntimeOptions } from './runtime.ts';

const opened: InferenceRuntime[] = [];
afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.stop(0);
});

function open(aliases: Map<string, string>, options: Partial<RuntimeOptions> = {}): InferenceRuntime {
  const runtime = openNoOpRuntime({ aliasRefreshMs: 60_000, ...options }, aliases);
  opened.push(runtime);
  return runtime;
}

const image = { kind: 'rgb', width: 2, height: 2, data: new Uint8Array(12) } as const;

async function until(isTrue: () => boolean): Promise<void> {
  for (const limit = Date.now() + 30_000; !isTrue();) {
    if (Date.now() > limit) throw new Error('it did not come true within 30 s');
    await sleep(10);
  }
}

describe('the life of a model', () => {
  it('takes over from the old one without a failed request, and frees it', async () => {
    const aliases = new Map([['prod', 'v0']]);
    const runtime = open(aliases);
    await runtime.load('prod', { pin: true });
    const moves = Number(process.env['CASSL_ALIAS_MOVES'] ?? 3);
    const seen = new Set<string>();
    let isOver = false;
    const caller = async (): Promise<void> => {
      while (!isOver) {
        seen.add((await runtime.infer({ model: 'prod', image })).model.digest);
        await sleep(2);
      }
    };
    const callers = [caller(), caller(), caller(), caller()];
    for (let move = 1; move <= moves; move++) {
      aliases.set('prod', `v${move}`);
      await runtime.refresh();
      expect(runtime.isReady()).toBe(true);
      expect((await runtime.infer({ model: 'prod', image })).model.digest).toBe(`v${move}`);
      await until(() => seen.has(`v${move}`));
    }
    isOver = true;
    await Promise.all(callers);
    expect(seen.size).toBe(moves + 1);
    expect(runtime.list().map(({ digest }) => digest)).toEqual([`v${moves}`]);
    await runtime.stop();
    expect(modelProcesses()).toEqual([]);
  });

  it('goes on with the old one where the new one does not come up or the registry is gone', async () => {
    const aliases = new Map([['prod', 'old']]);
    let isOut = false;
    const runtime = open(aliases, {
      findModel: (reference) => {
        if (isOut) return Promise.reject(notFound('the registry is gone'));
        const digest = aliases.get(reference) ?? reference;
        const checkpoint = {
          digest,
          sizeBytes: 0n,
          tensorCount: 0,
          parameterCount: 0n,
          aliases: [],
        } as never;
        const spec =
          digest === 'old'
            ? ({ kind: 'no-op' } as const)
            : ({ kind: 'detector', checkpoint, path: '/nowhere' } as const);
        return Promise.resolve({ digest, categories: [], spec, sizeBytes: 0 });
      },
    });
    await runtime.load('prod', { pin: true });
    aliases.set('prod', 'broken');
    await runtime.refresh();
    expect((await runtime.infer({ model: 'prod', image })).model.digest).toBe('old');
    isOut = true;
    await runtime.refresh();
    expect((await runtime.infer({ model: 'prod', image })).model.digest).toBe('old');
    await expect(runtime.infer({ model: 'broken', image })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('answers all that a model has taken before it is unloaded, also what still waits', async () => {
    const runtime = open(new Map());
    await runtime.load('a');
    // More than the process takes in at a time.
    const asked = Promise.allSettled(Array.from({ length: 150 }, () => runtime.infer({ model: 'a', image })));
    await until(() => runtime.list()[0]!.pending > 0);
    await runtime.unload('a');
    const failures = (await asked).filter(({ status }) => status === 'rejected');
    expect(failures).toEqual([]);
  });

  it('loads behind those who serve, and serves beside them', async (context) => {
    if (process.getuid?.() !== 0) context.skip('only root may give a process its priority back');
    const runtime = open(new Map());
    await runtime.load('first');
    const [first] = modelProcesses();
    const second = runtime.load('second');
    await until(() => modelProcesses().length === 2);
    const pid = modelProcesses().find((one) => one !== first)!;
    await until(() => getPriority(pid) > getPriority());
    await second;
    for (const thread of readdirSync(`/proc/${pid}/task`))
      expect(getPriority(Number(thread))).toBe(getPriority());
  });

  it('starts a process that was killed again, and answers what was inside', async () => {
    const runtime = open(new Map());
    await runtime.load('a');
    const before = modelProcesses();
    const asked = Array.from({ length: 40 }, () => runtime.infer({ model: 'a', image }));
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await expect(Promise.all(asked)).resolves.toHaveLength(40);
    expect(modelProcesses()).not.toEqual(before);
  });

  it('gives a canary its share once it is warm, and to those who ask for it', async () => {
    const runtime = open(new Map([['prod', 'stable']]));
    await runtime.load('prod');
    const digests = async (count: number, canary?: string): Promise<string[]> => {
      const asked = { model: 'prod', image, ...(canary === undefined ? {} : { canary }) };
      const answers = await Promise.all(Array.from({ length: count }, () => runtime.infer(asked)));
      return answers.map(({ model }) => model.digest);
    };
    runtime.setTrial('prod', { kind: 'canary', model: 'next', weight: 0.5, compare: 1 });
    expect(new Set(await digests(20))).toEqual(new Set(['stable']));
    await until(() => runtime.isReady('next'));
    expect(new Set(await digests(60))).toEqual(new Set(['stable', 'next']));
    expect(new Set(await digests(5, 'next'))).toEqual(new Set(['next']));
    const trial = runtime.trials().get('prod')!;
    expect(trial.answered).toBeGreaterThan(5);
    await until(() => runtime.trials().get('prod')!.compared > 5);
    // Two models that do nothing agree.
    expect(runtime.trials().get('prod')).toMatchObject({ agreement: 1, failed: 0, endedBecause: '' });
    runtime.setTrial('prod', undefined);
    expect(new Set(await digests(20))).toEqual(new Set(['stable']));
  });

  it('lets a shadow see the traffic, answer nobody, and be rolled back for disagreeing', async () => {
    const runtime = open(new Map([['prod', 'stable']]));
    await runtime.load('prod');
    await runtime.load('shadow');
    // No agreement is as high as this asks for.
    runtime.setTrial('prod', { kind: 'shadow', model: 'shadow', weight: 1, leastAgreement: 1.1 });
    for (let index = 0; index < 30; index++) {
      expect((await runtime.infer({ model: 'prod', image })).model.digest).toBe('stable');
    }
    await until(() => runtime.trials().get('prod')!.endedBecause !== '');
    expect(runtime.trials().get('prod')!.endedBecause).toContain('agrees with the serving model to 1.000');
  });
});

function modelProcesses(): number[] {
  try {
    const out = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'model-process-main'], {
      encoding: 'utf8',
    });
    return out.trim().split('\n').map(Number);
  } catch {
    return [];
  }
}
