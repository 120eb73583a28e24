import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { createTextSpool } from './text-spool.ts';

const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('cassl-export-'));

it('gives all text back in order, from memory or from a file, and leaves no file', async () => {
  for (const inMemory of [1000, 7, 0]) {
    const there = folders();
    const spool = createTextSpool(inMemory);
    for (const text of ['one ', 'zwölf ', '', 'three']) await spool.add(text);
    let all = '';
    for await (const text of spool.read()) all += text;
    expect(all).toBe('one zwölf three');
    const made = folders().filter((name) => !there.includes(name));
    await spool.close();
    for (const name of made) expect(existsSync(`${tmpdir()}/${name}/text`)).toBe(false);
  }
});
