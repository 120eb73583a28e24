import { stripVTControlCharacters } from 'node:util';
import { CommanderError } from 'commander';
import { errorMessage } from '@cassl/errors';
import { vi } from 'vitest';
import { exitCode } from './exit-code.ts';
import { createProgram } from './program.ts';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What `cassl …` does, as `main.ts` does it, in this process: a walk over every command would start a hundred others. */
export async function cassl(...args: readonly string[]): Promise<Ended> {
  let [out, err] = ['', ''];
  const spies = [
    vi
      .spyOn(console, 'log')
      .mockImplementation((...words: unknown[]) => void (out += `${words.join(' ')}\n`)),
    vi
      .spyOn(console, 'error')
      .mockImplementation((...words: unknown[]) => void (err += `${words.join(' ')}\n`)),
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true)),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true)),
  ];
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    const program = await createProgram();
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = exitCode(error);
    if (!(error instanceof CommanderError)) err += `cassl: ${errorMessage(error)}\n`;
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  const code = Number(process.exitCode ?? 0);
  process.exitCode = before;
  return { code, out, err };
}

/** Nobody who reads a file or a pipe wants colours or a moved cursor. */
export function isPlain(text: string): boolean {
  return text === stripVTControlCharacters(text) && !text.includes('\r');
}
