// `node scripts/on-new-node.js FILE [ARG...]`: what npm's scripts call, so that they work on the Node that npm came with.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOnNode } from '../libs/cli/bin/run-on-node.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (!existsSync(join(root, 'node_modules/.package-lock.json'))) {
  console.error('cassl: the npm packages are missing: run `make setup` first');
  process.exit(2);
}
const [file, ...args] = process.argv.slice(2);
await runOnNode(resolve(root, file), args);
