import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Release and, where git knows it, commit: "0.1.0+1a2b3c4". `CASSL_COMMIT` names it in images without git. */
export function codeVersion(): string {
  const manifest = join(import.meta.dirname, '../../package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const commit = process.env.CASSL_COMMIT || gitCommit();
  return commit === undefined ? version : `${version}+${commit}`;
}

function gitCommit(): string | undefined {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5000,
      encoding: 'utf8',
    }).trim();
  try {
    // Installed into somebody else's repository, this file is none of its commits'.
    git('ls-files', '--error-unmatch', import.meta.filename);
    return git('rev-parse', '--short', 'HEAD');
  } catch {
    return undefined;
  }
}
