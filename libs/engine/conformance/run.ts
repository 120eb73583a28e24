/** `npm run conformance -- --engine NAME [--only PART] [--json]`: tfjs-core's own specs, on one of our engines. */
import { parseArgs } from 'node:util';
import { engineNames } from '../src/engine.ts';
import { openEngine } from '../src/open-engine.ts';
import { runSpecs } from './run-specs.ts';
import { leastPassing } from './thresholds.ts';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'wasm' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});
const name = engineNames.find((known) => known === values.engine);
if (name === undefined) {
  console.error(`conformance: --engine must be one of ${engineNames.join(', ')}, got '${values.engine}'`);
  process.exit(2);
}
// Some specs print; stdout is for the result.
const { log } = console;
console.log = console.error;
const engine = await openEngine({ engine: name });
const { passed, failures, excluded } = await runSpecs(name, values.only);
for (const { spec, message } of failures) console.error(`FAILED ${spec}\n    ${message.split('\n')[0]}`);
const result = {
  engine: name,
  passed,
  failed: failures.length,
  excluded,
  fallbacks: engine.fallbacks(),
};
log(values.json ? JSON.stringify(result) : result);
const share = passed / (passed + failures.length);
if (share < leastPassing[name]) {
  console.error(
    `conformance: ${name} passes ${share.toFixed(4)} of the specs, must pass ${leastPassing[name]}`,
  );
  process.exitCode = 1;
}
