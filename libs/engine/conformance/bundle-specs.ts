import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);

// The specs read their test environments while they load.
const environment = `require('./jasmine_util.js').setTestEnvs([globalThis.casslTestEnvironment]);`;

/**
 * Bundles the spec files that tfjs-core ships in its npm package and returns the bundle's path. They are ES modules with
 * extensionless imports and a `sideEffects` list that would drop them: hence `ignoreAnnotations`.
 */
export async function bundleSpecs(): Promise<string> {
  const dist = dirname(require.resolve('@tensorflow/tfjs-core'));
  const specs = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('_test.js') && !file.startsWith('miniprogram'))
    .sort();
  const files = ['register_all_gradients.js', 'public/chained_ops/register_all_chained_ops.js', ...specs];
  const outfile = join(import.meta.dirname, '..', 'dist', 'conformance', 'specs.cjs');
  await build({
    stdin: {
      contents: [environment, ...files.map((file) => `require(${JSON.stringify(`./${file}`)});`)].join('\n'),
      resolveDir: dist,
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    ignoreAnnotations: true,
    // One jasmine for the specs and for us.
    external: ['jasmine-core'],
    logLevel: 'error',
  });
  return outfile;
}
