import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { failedPrecondition, unavailable } from '@cassl/errors';
import getPort from 'get-port';

export interface NatsServer {
  /** `nats://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the process has ended, whoever ended it. */
  readonly exited: Promise<void>;
  /** Ends it, SIGTERM by default, and waits. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface StartNatsServerOptions {
  /** Folder that keeps the streams; a server started on it again has everything. */
  readonly storeDir: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Path of nats-server; default what `findNatsServer` finds. */
  readonly program?: string;
  /** A configuration file, for example with users; the other options win. */
  readonly configFile?: string;
  /** More environment variables, for example passwords that the file names. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take until it answers, default 20,000 ms. */
  readonly timeoutMs?: number;
}

const TOOLS = fileURLToPath(new URL('../../../.tools/bin', import.meta.url));

/**
 * Starts nats-server with JetStream on loopback, as a child of this process.
 * @throws FAILED_PRECONDITION when it is not installed or the port is taken, UNAVAILABLE when it does not come up
 */
export async function startNatsServer(options: StartNatsServerOptions): Promise<NatsServer> {
  const { storeDir, timeoutMs = 20_000 } = options;
  const program = options.program ?? findNatsServer();
  if (options.port !== undefined && (await answers(options.port))) {
    throw failedPrecondition(
      `port ${options.port} is taken: stop the server that listens there, or choose another`,
    );
  }
  const port = options.port ?? (await getPort({ host: '127.0.0.1' }));
  await mkdir(storeDir, { recursive: true });
  const flags = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', storeDir];
  const config = options.configFile === undefined ? [] : ['-c', options.configFile];
  const child = spawn(program, [...flags, ...config], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'ignore', 'pipe'],
    // Ctrl-C of a terminal goes to its whole group: the services end first, then who started this ends it.
    detached: true,
  });
  const log = lastLines(child);
  const exited = once(child, 'exit').then(() => undefined);
  const deadline = performance.now() + timeoutMs;
  while (!(await answers(port))) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
      child.kill('SIGKILL');
      throw unavailable(`nats-server did not come up on port ${port}: ${log()}`);
    }
    await sleep(20);
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    exited,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    },
  };
}

/** The path of nats-server: `CASSL_NATS_SERVER`, in the repository's `.tools/bin`, or on PATH. */
export function findNatsServer(env: NodeJS.ProcessEnv = process.env): string {
  const [found] = findNatsServers(env);
  if (found !== undefined) return found;
  throw failedPrecondition(
    'nats-server is not installed: run `make setup`, or put the program into .tools/bin',
  );
}

/** All that this machine has, the preferred one first: tests of the queue run on each. */
export function findNatsServers(env: NodeJS.ProcessEnv = process.env): string[] {
  // Debian puts it into /usr/sbin, which is not on every user's PATH.
  const folders = [TOOLS, ...(env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin'];
  const chosen = env.CASSL_NATS_SERVER ? [env.CASSL_NATS_SERVER] : [];
  const paths = [...chosen, ...folders.map((folder) => join(folder, 'nats-server'))];
  return [...new Set(paths.filter(isProgram).map((path) => realpathSync(path)))];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function lastLines(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-2_000);
  });
  return () => text.trim().split('\n').slice(-3).join(' | ') || '(it said nothing)';
}

async function answers(port: number): Promise<boolean> {
  const socket = connectSocket(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
