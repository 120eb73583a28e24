#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { runOnNode } from './run-on-node.js';

await runOnNode(fileURLToPath(new URL('../src/main.ts', import.meta.url)), process.argv.slice(2));
