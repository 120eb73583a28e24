// `make test-docs`: runs every command that README and docs show in a fenced block, as its short form says, in a folder as readers have
// it, against services that `cassl up` started there, and compares what the pages then look like with the pictures of docs/images. What
// needs a cluster, a GPU or other programs has its mark, and is named as skipped. Exits 1 where something fails, or ends in a stack trace.
// `run-commands.ts PAGE...` runs those of single pages; `--write-pictures` (`make pictures`) takes the pictures anew. Ctrl-C and SIGTERM end
// what it has started, too.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { interruption } from '@cassl/cli';
import { MARKS } from './check-commands.ts';
import { commandsOf, fencesOf } from './markdown.ts';
import { PICTURED_PAGES } from './pictures/picture-plan.ts';
import { Photographer } from './pictures/take-pictures.ts';
import { prepareFolder } from './prepare-folder.ts';
import { runInGroup } from './run-in-group.ts';
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
/** A run takes one minute on two free cores and ten where twenty others want them. */
const LIMIT_MS = 1_800_000;
const root = join(import.meta.dirname, '../..');

interface Outcome {
  readonly verdict: 'passed' | 'failed' | 'skipped' | 'written';
  readonly why: string;
  /** Of a command that ran. */
  readonly output?: string;
}

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly consoleUrl: string;
}

const {
  values: { 'write-pictures': isWriting },
  positionals,
} = parseArgs({
  options: { 'write-pictures': { type: 'boolean', default: false } },
  allowPositionals: true,
});
const folder = mkdtempSync(join(tmpdir(), 'cassl-docs-'));
const photographer = new Photographer(root, { write: isWriting });
const counts = { passed: 0, failed: 0, skipped: 0, written: 0 };
const startedAt = performance.now();
const interrupted = interruption();
const { signal } = interrupted;
// Who waits for a page of it need not wait on.
interrupted.onSignal(() => void photographer.close());
let up: ReturnType<typeof spawnUp> | undefined;
try {
  prepareFolder(root, folder);
  const surroundings = await startServices();
  const usual = isWriting ? PICTURED_PAGES : PAGES;
  for (const page of positionals.length > 0 ? positionals : usual) await runPage(page, surroundings);
} catch (error) {
  if (!signal.aborted) throw error;
  console.error('docs: interrupted');
} finally {
  await photographer.close();
  if (up?.exitCode === null && up.signalCode === null) {
    up.kill('SIGTERM');
    await once(up, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
  interrupted.end();
}
if (!signal.aborted) report();

function report(): void {
  const { passed, failed, skipped, written } = counts;
  mkdirSync(join(root, 'out/test'), { recursive: true });
  const numbers = { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped };
  writeFileSync(join(root, 'out/test/docs.json'), JSON.stringify(numbers));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(
    `docs: ${passed} passed, ${failed} failed, ${skipped} skipped${isWriting ? `, ${written} pictures written` : ''} in ${seconds} s`,
  );
  process.exitCode = failed > 0 ? 1 : 0;
}

/** `cassl up` in the folder, and what commands are run with: it in PATH, its addresses by name. */
async function startServices(): Promise<Surroundings> {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh\nexec '${process.execPath}' '${root}/libs/cli/bin/cassl.js' "$@"\n`;
  writeFileSync(join(bin, 'cassl'), script, { mode: 0o755 });
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
  up = spawnUp(env);
  const died = once(up, 'exit', { signal }).then(([code]) => {
    throw new Error(`cassl up ended with ${code} before it said its addresses`);
  });
  const [line] = (await Promise.race([once(up.stdout, 'data', { signal }), died])) as [Buffer];
  const { endpoints, http, consoleUrl } = JSON.parse(String(line)) as {
    readonly endpoints: { readonly labeler: string };
    readonly http: { readonly labeler: string };
    readonly consoleUrl: string;
  };
  return { env: { ...env, LABELER: endpoints.labeler, LABELER_HTTP: http.labeler }, consoleUrl };
}

function spawnUp(env: NodeJS.ProcessEnv) {
  return spawn(process.execPath, [join(root, 'libs/cli/bin/cassl.js'), 'up', '--free-ports', '--json'], {
    cwd: folder,
    env,
    // A group of its own: Ctrl-C would reach it a first time from the terminal, and a second one ends it without its services.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function runPage(page: string, { env, consoleUrl }: Surroundings): Promise<void> {
  for (const fence of fencesOf(readFileSync(join(root, page), 'utf8'))) {
    const [language = '', ...marks] = fence.info;
    if (!['', 'sh', 'bash'].includes(language)) continue;
    for (const { text, line } of commandsOf(fence)) {
      if (!/^[\w=:/.]+( |$)/.test(text)) continue;
      const commandAt = performance.now();
      const outcome = await outcomeOf(text, marks, env);
      tell(`${page}:${line} ${text.slice(0, 110)}`, outcome, performance.now() - commandAt);
      if (outcome.verdict !== 'passed') continue;
      const step = { page, command: text, output: outcome.output ?? '', folder, consoleUrl };
      for (const { name, tookMs, ...taken } of await photographer.after(step)) tell(name, taken, tookMs);
    }
  }
}

function tell(what: string, { verdict, why }: Outcome, tookMs: number): void {
  counts[verdict] += 1;
  const seconds = (tookMs / 1000).toFixed(1).padStart(5);
  console.log(`${verdict.padEnd(7)} ${seconds} s  ${what}${why === '' ? '' : `\n        ${why}`}`);
}

async function outcomeOf(text: string, marks: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  const form = shortForm(text);
  // Services run here: of what needs a platform, the commands of cassl can be run.
  const mark = marks.find((one) => MARKS.includes(one) && !(one === 'platform' && 'run' in form));
  if (mark !== undefined) return { verdict: 'skipped', why: `marked: ${mark}` };
  if ('skip' in form) return { verdict: 'skipped', why: form.skip };
  const { code, output } = await runInGroup(form.run, { cwd: folder, env, limitMs: LIMIT_MS, signal });
  if (code === 127 && !form.run.includes('cassl ')) return { verdict: 'skipped', why: output.trim() };
  const hasTrace = /\n\s+at .+\(?(file|node):/.test(output);
  const isFine = !hasTrace && (code === 0 || (code === 2 && form.mayRefuse === true));
  return isFine
    ? { verdict: 'passed', why: '', output }
    : { verdict: 'failed', why: `exit ${code} of \`${form.run}\`:\n${output.slice(-2000)}` };
}
