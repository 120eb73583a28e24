import { parseArgs } from 'node:util';
import { engineNames } from '../src/engine.ts';
import { openEngine } from '../src/open-engine.ts';
import { runSpecs } from './run-specs.ts';

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
console.log(values.json ? JSON.stringify(result) : result);
process.exit(0);
