// `make test-docs`: runs every command that README and docs show in a fenced block, as its short form says, in a folder as readers have
// it, against services that `cassl up` started there. What needs a cluster, a GPU or other programs has its mark, and is named as skipped.
// Exits 1 where one fails, or ends in a stack trace. `run-commands.ts PAGE...` runs those of single pages.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { MARKS } from './check-commands.ts';
import { commandsOf, fencesOf } from './markdown.ts';
import { prepareFolder } from './prepare-folder.ts';
import { shortForm } from './short-forms.ts';

/** In the order in which a new user reads them: the tutorial makes the checkpoints that others use. */
const PAGES = [
  ...[
    'docs/tutorial.md',
    'docs/use-in-a-framework.md',
    'README.md',
    'docs/label-a-million.md',
    'docs/serving.md',
  ],
  ...['docs/telemetry.md', 'docs/add-a-backbone.md', 'docs/registry-views.md', 'docs/kubernetes.md'],
];
const LIMIT_MS = 600_000;
const root = join(import.meta.dirname, '../..');

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

interface Outcome {
  readonly verdict: 'passed' | 'failed' | 'skipped';
  readonly why: string;
}

const folder = mkdtempSync(join(tmpdir(), 'cassl-docs-'));
const counts = { passed: 0, failed: 0, skipped: 0 };
let up: ReturnType<typeof spawnUp> | undefined;
try {
  prepareFolder(root, folder);
  const environment = await startServices();
  for (const page of process.argv.length > 2 ? process.argv.slice(2) : PAGES)
    await runPage(page, environment);
} finally {
  if (up?.exitCode === null) {
    up.kill('SIGTERM');
    await once(up, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
}
const { passed, failed, skipped } = counts;
mkdirSync(join(root, 'out/test'), { recursive: true });
const report = { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped };
writeFileSync(join(root, 'out/test/docs.json'), JSON.stringify(report));
console.log(`docs: ${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;

/** `cassl up` in the folder, and what commands are run with: it in PATH, its addresses by name. */
async function startServices(): Promise<NodeJS.ProcessEnv> {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh\nexec '${process.execPath}' '${root}/libs/cli/bin/cassl.js' "$@"\n`;
  writeFileSync(join(bin, 'cassl'), script, { mode: 0o755 });
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
  up = spawnUp(env);
  const [line] = (await once(up.stdout, 'data')) as [Buffer];
  const { endpoints, http } = JSON.parse(String(line)) as Record<'endpoints' | 'http', { labeler: string }>;
  return { ...env, LABELER: endpoints.labeler, LABELER_HTTP: http.labeler };
}

function spawnUp(env: NodeJS.ProcessEnv) {
  return spawn(process.execPath, [join(root, 'libs/cli/bin/cassl.js'), 'up', '--free-ports', '--json'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function runPage(page: string, env: NodeJS.ProcessEnv): Promise<void> {
  for (const fence of fencesOf(readFileSync(join(root, page), 'utf8'))) {
    const [language = '', ...marks] = fence.info;
    if (!['', 'sh', 'bash'].includes(language)) continue;
    for (const { text, line } of commandsOf(fence)) {
      if (!/^[\w=:/.]+( |$)/.test(text)) continue;
      const startedAt = performance.now();
      const { verdict, why } = await outcomeOf(text, marks, env);
      counts[verdict] += 1;
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5);
      console.log(
        `${verdict.padEnd(7)} ${seconds} s  ${page}:${line} ${text.slice(0, 110)}${why === '' ? '' : `\n        ${why}`}`,
      );
    }
  }
}

async function outcomeOf(text: string, marks: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  const form = shortForm(text);
  // Services run here: of what needs a platform, the commands of cassl can be run.
  const mark = marks.find((one) => MARKS.includes(one) && !(one === 'platform' && 'run' in form));
  if (mark !== undefined) return { verdict: 'skipped', why: `marked: ${mark}` };
  if ('skip' in form) return { verdict: 'skipped', why: form.skip };
  const { code, output } = await runInFolder(form.run, env);
  const hasTrace = /\n\s+at .+\(?(file|node):/.test(output);
  const isFine = !hasTrace && (code === 0 || (code === 2 && form.mayRefuse === true));
  return isFine
    ? { verdict: 'passed', why: '' }
    : { verdict: 'failed', why: `exit ${code} of \`${form.run}\`:\n${output.slice(-2000)}` };
}

async function runInFolder(command: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn('bash', ['-c', command], {
    cwd: folder,
    env,
    timeout: LIMIT_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
