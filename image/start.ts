#!/usr/bin/env node
import { join } from 'node:path';
import { errorMessage } from '@cassl/errors';
import { createLogger } from '@cassl/rpc';
import { checkSelf } from './check-self.ts';
import { PROGRAMS } from './programs.ts';

// The entry point of the image: looks at itself, says what it found, and becomes the program it was asked for.
const [name = '', ...argv] = process.argv.slice(2);
const program = PROGRAMS[name];
if (program === undefined) {
  process.stderr.write(
    `cassl: unknown program ${JSON.stringify(name)}; one of ${Object.keys(PROGRAMS).join(', ')}\n`,
  );
  process.exit(2);
}
const logger = createLogger({ name });
try {
  logger.info(checkSelf({ withEngine: program.computes }), 'self-check');
} catch (error) {
  logger.fatal(`cannot start: ${errorMessage(error)}`);
  process.exit(2);
}
const entry = join(import.meta.dirname, '..', program.entry);
process.argv = [process.execPath, entry, ...argv];
await import(entry);
