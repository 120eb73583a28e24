/** `npm run bench -- NAME [--json]`: runs `bench/NAME/main.ts`; progress on stderr, one JSON object on stdout with `--json`. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

interface Benchmark {
  run(options: { readonly json: boolean; readonly argv: readonly string[] }): Promise<void>;
}

const [name = '', ...argv] = process.argv.slice(2);
const main = join(import.meta.dirname, name, 'main.ts');
if (name === '' || !existsSync(main)) {
  const names = readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(import.meta.dirname, entry.name, 'main.ts')))
    .map((entry) => entry.name);
  console.error(`bench: unknown benchmark '${name}'; there are: ${names.join(', ')}`);
  process.exit(2);
}
const benchmark = (await import(main)) as Benchmark;
await benchmark.run({ json: argv.includes('--json'), argv });
