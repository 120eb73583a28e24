import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { failedPrecondition } from '@cassl/errors';

/** What a process of the image says about itself before anything else. */
export interface SelfCheck {
  readonly version: string;
  readonly commit: string | undefined;
  readonly node: string;
  readonly arch: string;
  readonly processors: number;
  /** Of the control group, where it has a limit. */
  readonly memoryMiB: number;
  readonly engine?: EngineFacts;
}

/** What `report-engine.ts` prints. */
export interface EngineFacts {
  readonly name: string;
  readonly device: string;
  readonly version: string;
  readonly threads: number;
}

const ENGINE_TIMEOUT_MS = 120_000;

/**
 * Opens the engine in a process of its own, whose memory is free again afterwards.
 * @throws FAILED_PRECONDITION where no engine opens, or it has no GPU and `CASSL_REQUIRE_GPU=1`
 */
export function checkSelf({ withEngine }: { readonly withEngine: boolean }): SelfCheck {
  const manifest = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return {
    version: (JSON.parse(manifest) as { version: string }).version,
    commit: process.env.CASSL_COMMIT,
    node: process.versions.node,
    arch: arch(),
    processors: availableParallelism(),
    memoryMiB: Math.round(Math.min(process.constrainedMemory() || Infinity, totalmem()) / 2 ** 20),
    ...(withEngine && { engine: askEngine() }),
  };
}

function askEngine(): EngineFacts {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'report-engine.ts')],
    { encoding: 'utf8', timeout: ENGINE_TIMEOUT_MS },
  );
  if (status !== 0) {
    const reason = stderr.trim().split('\n').at(-1) || `it ended with ${signal ?? `exit code ${status}`}`;
    throw failedPrecondition(reason);
  }
  return JSON.parse(stdout) as EngineFacts;
}
