import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import type { LogLine } from './log-lines.ts';

describe('the last log lines of a job', () => {
  let console: OpenConsole;
  beforeAll(async () => {
    console = await openConsole([]);
    await mkdir(join(console.home, 'logs'));
  });
  afterAll(() => console.close());

  const write = (lines: readonly (object | string)[]): Promise<void> => {
    const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
    return writeFile(join(console.home, 'logs/trainer.log'), `${text}\n`);
  };
  const ask = async (query: string): Promise<{ lines?: LogLine[] | null; error?: { message: string } }> =>
    (await (await fetch(`${console.url}/api/logs?${query}`)).json()) as { lines: LogLine[] };
  const texts = async (query: string): Promise<string[] | undefined> =>
    (await ask(query)).lines?.map(({ level, text }) => `${level} ${text}`);

  it('are those that name it, errors with their reason, the audit left out', async () => {
    const line = { level: 'info', time: 't', training: 'a' };
    await write([
      { ...line, msg: 'leading a training' },
      { ...line, msg: 'audit', audit: true },
      { ...line, msg: 'of another', training: 'ab' },
      'no JSON, but "a"',
      { ...line, level: 'error', msg: 'failed', err: { message: 'disk full' } },
    ]);
    expect(await texts('service=trainer&job=a')).toEqual([
      'info leading a training',
      'error failed: disk full',
    ]);
  });

  it('are at most thirty, the last ones, of a file that may be long', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => ({
      level: 'info',
      job: 'a',
      msg: `line ${index}`,
    }));
    await write(many);
    const found = await texts('service=trainer&job=a');
    expect([found?.length, found?.[0], found?.at(-1)]).toEqual([30, 'info line 4970', 'info line 4999']);
  });

  it('are none where the service wrote nothing, and refused for what is no service of ours', async () => {
    expect(await texts('service=labeler&job=a')).toEqual([]);
    const refused = await ask('service=..%2F..%2Fetc&job=a');
    expect(refused.error?.message).toMatch(/^service must be one of trainer, labeler/);
    expect((await ask('service=trainer')).error?.message).toBe('job must be the id of a job, got nothing');
  });

  it.each([
    ['a text', '"a"'],
    ['a list', '["a"]'],
    [
      'a number of milliseconds as time',
      JSON.stringify({ time: 1_700_000_000_000, level: 'info', msg: 'x', job: 'a' }),
    ],
    ['a level in numbers', JSON.stringify({ time: 't', level: 30, msg: 'x', job: 'a' })],
    ['a message that is none', JSON.stringify({ time: 't', level: 'info', msg: { job: 'a' } })],
    ['half a line', '{"time":"t","level":"info","msg":"a'],
    ['zeros, as after a power cut', `${'\0'.repeat(4096)}"a"`],
  ])('leave out what no service of ours writes: %s', async (_, odd) => {
    await write([
      { level: 'info', time: 't', job: 'a', msg: 'before' },
      odd,
      { level: 'info', time: 't', job: 'a', msg: 'after' },
    ]);
    expect(await texts('service=trainer&job=a')).toEqual(['info before', 'info after']);
  });

  it('are of this job, and not of one whose name only begins so, or of who speaks of it', async () => {
    const line = (job: string, msg = 'm') => ({ level: 'info', time: 't', job, msg: `${msg} ${job}` });
    await write([line('a-1'), line('a'), line('aa'), line('b', 'after "a"')]);
    expect(await texts('service=trainer&job=a')).toEqual(['info m a']);
    expect(await texts('service=trainer&job=%22')).toEqual([]);
    expect(await texts(`service=trainer&job=${'a'.repeat(4000)}`)).toEqual([]);
  });

  it('say why something failed only where that is known', async () => {
    const line = { level: 'error', time: 't', job: 'a', msg: 'failed' };
    await write([
      { ...line, err: {} },
      { ...line, err: { message: '' } },
      { ...line, msg: undefined },
    ]);
    expect(await texts('service=trainer&job=a')).toEqual(['error failed', 'error failed: ', 'error ']);
  });

  it('are read from the end of a file of which nobody could read all', async () => {
    const filler = JSON.stringify({ level: 'info', time: 't', job: 'b', msg: 'ä'.repeat(1000) });
    await write([
      ...Array.from({ length: 500 }, () => filler),
      { level: 'info', time: 't', job: 'a', msg: 'last' },
    ]);
    expect(await texts('service=trainer&job=a')).toEqual(['info last']);
    // Before the part that is read.
    await write([
      { level: 'info', time: 't', job: 'a', msg: 'first' },
      ...Array.from({ length: 500 }, () => filler),
    ]);
    expect(await texts('service=trainer&job=a')).toEqual([]);
  });

  it.each(['service=console&job=a', 'service=trainer%00&job=a', 'service=Trainer&job=a', 'job=a'])(
    'are refused for %s',
    async (query) => expect((await ask(query)).error?.message).toMatch(/^service must be one of /),
  );
});
