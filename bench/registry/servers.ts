import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@cassl/cli';

/** A server under measurement, with all its processes. */
export interface Server {
  readonly url: string;
  /** gRPC address, for the registry. */
  readonly address: string;
  cpuSeconds(): Promise<number>;
  residentMiB(): Promise<number>;
  stop(): Promise<void>;
}

const REGISTRY = join(import.meta.dirname, '../../services/registry/src/main.ts');
/** Kernel ticks a second of Linux's /proc. */
const TICKS = 100;

export async function startRegistry(dataDir: string): Promise<Server> {
  const [port, httpPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [REGISTRY], {
    env: {
      ...process.env,
      // As `cassl up`, the chart and compose.yaml start it.
      MALLOC_ARENA_MAX: '1',
      CASSL_DATA_DIR: dataDir,
      CASSL_PORT: String(port),
      CASSL_HTTP_PORT: String(httpPort),
      CASSL_METRICS_PORT: '0',
      CASSL_NATS_URL: 'nats://127.0.0.1:1',
      CASSL_LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const url = `http://127.0.0.1:${httpPort}`;
  await answers(url, child);
  return server(child, url, `127.0.0.1:${port}`);
}

/** A static file server with sendfile and one worker. */
export async function startNginx(folder: string, files: string): Promise<Server> {
  const port = await freePort();
  await mkdir(folder, { recursive: true });
  await chmod(files, 0o755);
  const config = join(folder, 'nginx.conf');
  await writeFile(
    config,
    `worker_processes 1; user root; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
     events { worker_connections 64; }
     http { access_log off; sendfile on; tcp_nopush on; client_body_temp_path ${folder}/body;
       server { listen 127.0.0.1:${port}; root ${files}; } }`,
  );
  const child = spawn('nginx', ['-c', config, '-p', folder], { stdio: ['ignore', 'inherit', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  await answers(url, child);
  return server(child, url, '');
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600 && child.exitCode === null; attempt++) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(100);
  }
  child.kill('SIGKILL');
  throw new Error(`${child.spawnfile} did not answer at ${url}`);
}

function server(child: ChildProcess, url: string, address: string): Server {
  const pid = child.pid ?? 0;
  return {
    url,
    address,
    async cpuSeconds() {
      let ticks = 0;
      for (const one of await family(pid)) {
        const fields = (await readFile(`/proc/${one}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
        ticks += Number(fields[11]) + Number(fields[12]);
      }
      return ticks / TICKS;
    },
    async residentMiB() {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    },
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** A process and its children. */
async function family(pid: number): Promise<number[]> {
  const all = [pid];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    if (Number(stat.replace(/^.*\) /, '').split(' ')[1]) === pid) all.push(Number(name));
  }
  return all;
}
