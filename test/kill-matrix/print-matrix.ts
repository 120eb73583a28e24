/**
 * `make kill-matrix`: kills each service, worker and the broker in each state of a job and writes docs/kill-matrix.md. Ends with 1
 * where a job did not end with the output of an undisturbed one. `TARGETS="registry,label worker"` runs only these; the cells of
 * earlier runs are kept in out/kill-matrix.json, so that the page fills piece by piece.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { STATES, TARGETS, type Cell, type Target } from './kill-in-state.ts';
import { runMatrix, type CellOrder } from './run-matrix.ts';
import type { JobNoun } from './job-kinds.ts';

const JOBS: Readonly<Record<Target, JobNoun>> = {
  trainer: 'training',
  'training worker': 'training',
  labeler: 'labeling',
  'label worker': 'labeling',
  evaluator: 'evaluation',
  'evaluation worker': 'evaluation',
  registry: 'training',
  'nats-server': 'labeling',
};
const PAGE = join(import.meta.dirname, '../../docs/kill-matrix.md');
const KEPT = join(import.meta.dirname, '../../out/kill-matrix.json');

const asked = process.argv[2]?.split(',').filter(Boolean) ?? [];
const all = Object.keys(TARGETS) as Target[];
const targets = all.filter((name) => asked.length === 0 || asked.includes(name));
/** Of this run. */
const fresh = new Map<string, Cell>();
const orders = targets.flatMap((target) =>
  STATES.map((state): CellOrder => ({ target, noun: JOBS[target], state })),
);
let writing = Promise.resolve();
const tell = (cell: Cell): void => {
  console.log(`${cell.target} × ${cell.state}: ${textOf(cell)}`);
  fresh.set(keyOf(cell), cell);
  writing = writing.then(write);
};
// Jobs of one kind follow each other; the kinds have services of their own, so that no kill meets another.
const nouns = [...new Set(orders.map(({ noun }) => noun))];
const byNoun = nouns.map((wanted) => orders.filter(({ noun }) => noun === wanted));
const runs = byNoun.map((own) => runMatrix(own, tell));
// All end before the error of one is thrown: none leaves its services behind.
await Promise.allSettled(runs);
const cells = (await Promise.all(runs)).flat();
await writing.then(write);
process.exitCode = cells.every(({ verdict }) => verdict === 'equal') ? 0 : 1;

function keyOf({ target, state }: Pick<Cell, 'target' | 'state'>): string {
  return `${target} × ${state}`;
}

async function keptCells(): Promise<Map<string, Cell>> {
  const text = await readFile(KEPT, 'utf8').catch(() => '[]');
  return new Map((JSON.parse(text) as Cell[]).map((cell) => [keyOf(cell), cell]));
}

/** Another run may write at the same time: each brings its own cells. */
async function write(): Promise<void> {
  const kept = new Map([...(await keptCells()), ...fresh]);
  await mkdir(join(KEPT, '..'), { recursive: true });
  await writeFile(KEPT, JSON.stringify([...kept.values()], undefined, 2));
  await writeFile(PAGE, page(kept));
}

function page(kept: ReadonlyMap<string, Cell>): string {
  const rows = all.map((target) => {
    const own = STATES.map((state) => kept.get(keyOf({ target, state })));
    return `| ${target} | ${JOBS[target]} | ${own.map(textOf).join(' | ')} |`;
  });
  return `# Kill matrix

<!-- prettier-ignore-start -->

Written by \`make kill-matrix\`. Each cell is one small job over real services: \`kill -9\` of the process at the left once the job is in the
state at the top, a killed service started again after 300 ms, and the job's output compared with that of an undisturbed job (checkpoint
digest and steps of the curve, every label, every metric). A cancelled job must end CANCELLED and is then resumed to its end.
"at" is what the job's record said just before the kill: small jobs run on while they are looked at, so that "late" may be their end.

| killed | job | ${STATES.join(' | ')} |
| --- | --- | ${STATES.map(() => '---').join(' | ')} |
${rows.join('\n')}

<!-- prettier-ignore-end -->
`;
}

function textOf(cell: Cell | undefined): string {
  if (cell === undefined) return 'not run';
  const verdict = cell.killed ? cell.verdict : `${cell.verdict}; no process to kill`;
  return `${verdict.replaceAll('|', '/').replaceAll('\n', ' ')} (at ${cell.seen})`;
}
