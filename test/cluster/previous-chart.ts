import { execFileSync } from 'node:child_process';
import { ROOT } from '../helm/render-chart.ts';

const PATH = 'helm/cassl';
const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/** The newest commit whose chart has another version than today's; undefined where history does not reach there. */
export function findPreviousChart(): string | undefined {
  try {
    const changed = git('log', '--format=%H', '--', `${PATH}/Chart.yaml`).trim().split('\n');
    const versions = changed.map((commit) => versionAt(commit));
    const index = versions.findIndex((version) => version !== versionAt('HEAD'));
    if (index <= 0) return undefined;
    // Templates went on changing after the commit that named that version.
    return git('rev-parse', `${changed[index - 1]}^`).trim();
  } catch {
    return undefined;
  }
}

/** Writes that commit's chart into the folder; answers its path. */
export function unpackChart(commit: string, folder: string): string {
  const input = execFileSync('git', ['archive', commit, PATH], { cwd: ROOT, maxBuffer: 1 << 26 });
  execFileSync('tar', ['x', '-C', folder], { input });
  return `${folder}/${PATH}`;
}

function versionAt(commit: string): string {
  return /^version: (.+)$/m.exec(git('show', `${commit}:${PATH}/Chart.yaml`))?.[1] ?? '';
}
