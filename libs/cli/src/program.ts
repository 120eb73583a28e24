import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';

// One verb, one file of commands/. The heavy imports stay inside each action, so that `cassl --help` answers at once.
const COMMANDS = join(import.meta.dirname, 'commands');

/** All of `cassl`, ready to parse: errors are thrown, not exits. */
export async function createProgram(): Promise<Command> {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    version: string;
  };
  const program = new Command('cassl')
    .version(manifest.version)
    .description('Turns a few labeled images and many unlabeled ones into better object detectors (CA-SSL).')
    .configureOutput({
      outputError: (text, write) =>
        write(`cassl: ${text.replace(/^error: /, '').trim()} (--help tells more)\n`),
    })
    .exitOverride();
  const verbs = readdirSync(COMMANDS).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  for (const verb of verbs) {
    const { register } = (await import(join(COMMANDS, verb))) as { register: (program: Command) => void };
    register(program);
  }
  return program;
}
