import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { wholeFlag } from '../flags/number-flag.ts';

interface DiagnoseFlags {
  readonly home: string;
  readonly out: string;
  readonly lines: number;
}

/** `cassl diagnose`: everything that somebody who helps asks for, in one file. */
export function register(program: Command): void {
  program
    .command('diagnose')
    .description('Collect versions, settings without secrets, job records and last log lines into one file.')
    .option('--home <dir>', 'folder of `cassl up`, whose logs are read', '.cassl')
    .option('--out <file>', 'where to write it; - for standard output', 'cassl-diagnosis.json')
    .option('--lines <n>', 'last lines of each log', wholeFlag(0, 100_000), 200)
    .action(async ({ home, out, lines }: DiagnoseFlags) => {
      const { collectDiagnosis } = await import('../diagnose/collect-diagnosis.ts');
      const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
      const { version } = JSON.parse(manifest) as { version: string };
      const diagnosis = await collectDiagnosis({ home, lines, version, env: process.env });
      const text = `${JSON.stringify(diagnosis, null, 2)}\n`;
      if (out === '-') process.stdout.write(text);
      else {
        await writeFile(out, text);
        console.log(
          `${out}: ${Buffer.byteLength(text)} bytes; read it before you send it, it names files and jobs`,
        );
      }
    });
}
