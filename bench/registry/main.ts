/**
 * Speed of the registry against nginx's static file and against writing and hashing a file: `npm run bench -- registry --json
 * [--mb 500]`. Needs nginx and curl. Peers take turns in one run, so that what else the machine does falls on both.
 */
import { copyFile, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RegistryServiceDefinition } from '@cassl/proto';
import { createClient, publishCheckpointFile, type RpcClient } from '@cassl/rpc';
import { option, type BenchmarkOptions } from '../options.ts';
import { command, curl, measure, median, type Measured } from './measure.ts';
import { snapshots } from './snapshot.ts';
import { startNginx, startRegistry, type Server } from './servers.ts';

const TURNS = 3;
const MANY = 8;
type Registry = RpcClient<RegistryServiceDefinition>;

export async function run({ json, argv }: BenchmarkOptions): Promise<void> {
  const bytes = Number(option(argv, '--mb') ?? 500) * 1e6;
  const folder = await mkdtemp(join(tmpdir(), 'cassl-bench-registry-'));
  const servers: Server[] = [];
  try {
    const file = join(folder, 'files', 'model.safetensors');
    await mkdir(join(folder, 'files'));
    await writeCheckpoint(file, bytes);
    const nginx = await startNginx(join(folder, 'nginx'), join(folder, 'files'));
    servers.push(nginx);
    const registry = await startRegistry(join(folder, 'registry'));
    servers.push(registry);
    const client = createClient(RegistryServiceDefinition, registry.address, { security: {} });
    try {
      report(await measureAll({ folder, file, bytes, nginx, registry, client }), json);
    } finally {
      client.close();
    }
  } finally {
    for (const server of servers) await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Bench {
  readonly folder: string;
  readonly file: string;
  readonly bytes: number;
  readonly nginx: Server;
  readonly registry: Server;
  readonly client: Registry;
}

async function measureAll(bench: Bench): Promise<Record<string, Measured | number>> {
  const { file, bytes, nginx, registry, client } = bench;
  const { push, writeAndHash } = await pushes(bench);
  const { checkpoint } = await publishCheckpointFile({ client, file, manifest: {} });
  const reference = checkpoint?.digest ?? '';
  const peer = `${nginx.url}/model.safetensors`;
  const ours = `${registry.url}/v1/checkpoints/${reference}/file`;
  const pulls = async (clients: number): Promise<[Measured, Measured, Measured]> => {
    const runs: Measured[][] = [[], [], []];
    for (let turn = 0; turn < TURNS; turn++) {
      runs[0]?.push(await measure(nginx, bytes * clients, () => curl(peer, clients)));
      runs[1]?.push(await measure(registry, bytes * clients, () => curl(ours, clients)));
      runs[2]?.push(await measure(registry, bytes * clients, () => grpcPulls(client, reference, clients)));
    }
    return runs.map(median) as [Measured, Measured, Measured];
  };
  await curl(peer, 1);
  await curl(ours, 1);
  const [nginx1, http1, grpc1] = await pulls(1);
  const [nginx8, http8, grpc8] = await pulls(MANY);
  const firstByte = async (url: string): Promise<number> =>
    1e3 *
    Number(
      await command('curl', ['-sSf', '-o', '/dev/null', '-r', '0-0', '-w', '%{time_starttransfer}', url]),
    );
  return {
    nginx1,
    http1,
    grpc1,
    nginx8,
    http8,
    grpc8,
    push,
    writeAndHash,
    ...(await snapshots({ ...bench, reference })),
    firstByteMs: await firstByte(ours),
    firstByteNginxMs: await firstByte(peer),
  };
}

/** Each turn pushes what the registry does not have yet; its peer writes the file, waits for the disk and hashes it. */
async function pushes({
  folder,
  file,
  bytes,
  registry,
  client,
}: Bench): Promise<{ push: Measured; writeAndHash: Measured }> {
  const ours: Measured[] = [];
  const peers: Measured[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const copy = join(folder, `copy-${turn}`);
    peers.push(
      await measure(registry, bytes, async () => {
        await copyFile(file, copy);
        await command('sync', [copy]);
        await command('sha256sum', [copy]);
      }),
    );
    await stamp(copy, turn);
    ours.push(
      await measure(registry, bytes, async () => {
        await publishCheckpointFile({ client, file: copy, manifest: {} });
      }),
    );
    await rm(copy);
  }
  return { push: median(ours), writeAndHash: median(peers) };
}

async function grpcPulls(client: Registry, reference: string, clients: number): Promise<void> {
  const one = async (): Promise<void> => {
    for await (const _ of client.downloadCheckpoint({ reference }, { deadlineMs: 600_000 })) continue;
  };
  await Promise.all(Array.from({ length: clients }, one));
}

/** One tensor of bytes that no file system stores as a hole. */
async function writeCheckpoint(path: string, bytes: number): Promise<void> {
  const entry = { dtype: 'U8', shape: [bytes], data_offsets: [0, bytes] };
  const text = JSON.stringify({ weight: entry });
  const header = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = await open(path, 'w');
  try {
    await file.write(Buffer.concat([length, header]));
    const chunk = Buffer.alloc(1e6, 0x5a);
    for (let done = 0; done < bytes; done += chunk.length) await file.write(chunk);
  } finally {
    await file.close();
  }
}

/** Makes it another file. */
async function stamp(path: string, turn: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(Buffer.from([turn]), 0, 1, 1_000);
  } finally {
    await file.close();
  }
}

function report(results: Record<string, Measured | number>, json: boolean): void {
  const rate = (name: string): number => (results[name] as Measured).mbPerSecond;
  const ratios = {
    httpPull1: rate('http1') / rate('nginx1'),
    httpPull8: rate('http8') / rate('nginx8'),
    grpcPull: rate('grpc1') / rate('nginx1'),
    push: rate('push') / rate('writeAndHash'),
    snapshot: rate('snapshot') / rate('nginxSnapshot'),
  };
  if (json) return console.log(JSON.stringify({ ratios, ...results }));
  for (const [name, value] of Object.entries(results)) {
    if (typeof value === 'number') console.log(`${name.padEnd(18)} ${value.toFixed(1)}`);
    else
      console.log(
        `${name.padEnd(18)} ${value.mbPerSecond.toFixed(0)} MB/s, server ${value.serverCpuSeconds.toFixed(2)} s of processor, ${value.peakMiB.toFixed(0)} MiB`,
      );
  }
  for (const [name, value] of Object.entries(ratios))
    console.log(`ratio ${name.padEnd(12)} ${value.toFixed(2)}`);
}
