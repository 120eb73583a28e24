/** `npm run bench -- NAME [--json]`: runs `bench/NAME/main.ts`; progress on stderr, one JSON object on stdout with `--json`. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchmarkOptions } from './options.ts';

interface Benchmark {
  /** Measures against Python peers, which are brought first. */
  readonly needsPython?: boolean | ((argv: readonly string[]) => boolean);
  run(options: BenchmarkOptions): Promise<void>;
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
const { needsPython = false } = benchmark;
if ((typeof needsPython === 'function' ? needsPython(argv) : needsPython) && !process.env['CASSL_PYTHON']) {
  const brought = spawnSync('bash', ['scripts/python-peers.sh'], {
    cwd: join(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (brought.status !== 0) {
    console.error(
      `bench ${name}: the Python peers cannot be had; name a python that has them by CASSL_PYTHON`,
    );
    process.exit(2);
  }
  process.env['CASSL_PYTHON'] = brought.stdout.trim();
}
await benchmark.run({ json: argv.includes('--json'), argv });
