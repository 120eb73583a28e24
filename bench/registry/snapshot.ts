import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegistryServiceDefinition } from '@cassl/proto';
import type { RpcClient } from '@cassl/rpc';
import { command, measure, median, type Measured } from './measure.ts';
import type { Server } from './servers.ts';

const FILES = 1_000;
/** Of a tokenizer's part, a configuration, a card. */
const FILE_BYTES = 2_000;
const ALIAS = 'bench/net';
const TURNS = 3;

interface Snapshot {
  readonly folder: string;
  readonly nginx: Server;
  readonly registry: Server;
  readonly client: RpcClient<RegistryServiceDefinition>;
  /** Of a checkpoint that is published. */
  readonly reference: string;
}

/**
 * A repository of 1,000 small files, fetched as the Hub's clients do, eight at a time, against the same files from nginx. The
 * processes take turns.
 */
export async function snapshots(bench: Snapshot): Promise<{ snapshot: Measured; nginxSnapshot: Measured }> {
  const { folder, nginx, registry } = bench;
  const names = Array.from({ length: FILES }, (_, index) => `part-${index}.txt`);
  await publish(bench, names);
  const ours = await listOf(
    folder,
    'ours',
    names.map((name) => `${registry.url}/${ALIAS}/resolve/main/${name}`),
  );
  const peer = await listOf(
    folder,
    'peer',
    names.map((name) => `${nginx.url}/small/${name}`),
  );
  const bytes = FILES * FILE_BYTES;
  const runs: [Measured[], Measured[]] = [[], []];
  for (let turn = 0; turn <= TURNS; turn++) {
    const pair = [await measure(registry, bytes, ours), await measure(nginx, bytes, peer)] as const;
    // The first finds nothing in a cache.
    if (turn === 0) continue;
    runs[0].push(pair[0]);
    runs[1].push(pair[1]);
  }
  return { snapshot: median(runs[0]), nginxSnapshot: median(runs[1]) };
}

async function publish(
  { folder, registry, client, reference }: Snapshot,
  names: readonly string[],
): Promise<void> {
  const small = join(folder, 'files', 'small');
  await mkdir(small, { recursive: true });
  await client.setAlias({ alias: ALIAS, reference, reason: 'the benchmark' });
  const lines: object[] = [{ key: 'header', value: { summary: 'small files' } }];
  for (const name of names) {
    const text = name.padEnd(FILE_BYTES);
    await writeFile(join(small, name), text);
    const content = Buffer.from(text).toString('base64');
    lines.push({ key: 'file', value: { path: name, content, encoding: 'base64' } });
  }
  const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const answer = await fetch(`${registry.url}/api/models/${ALIAS}/commit/main`, { method: 'POST', body });
  if (!answer.ok) throw new Error(`the commit of ${names.length} files: ${await answer.text()}`);
}

/** What fetches all of them. */
async function listOf(folder: string, name: string, urls: readonly string[]): Promise<() => Promise<void>> {
  const path = join(folder, `${name}.curl`);
  await writeFile(path, urls.map((url) => `url = "${url}"\noutput = "/dev/null"\n`).join(''));
  const flags = ['-sSf', '--no-progress-meter', '--parallel', '--parallel-max', '8', '--config', path];
  return async () => void (await command('curl', flags));
}
