import { join } from 'node:path';
import { isEnded } from '@cassl/jobs';
import { openClients, until } from '../clients.ts';
import { startCluster, type Cluster } from '../cluster.ts';
import { trainingJobs } from '../kill-matrix/job-kinds.ts';
import { makeMicroData } from '../micro-pipeline.ts';
import { callTarget } from './call-target.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import type { HttpService } from './http-routes.ts';
import { httpTarget } from './http-target.ts';
import { imageSamples } from './samples.ts';

export interface FuzzedPlatform {
  readonly cluster: Cluster;
  /** gRPC of all services, HTTP of the two that have it and of the console. */
  readonly targets: readonly FuzzTarget[];
  close(): Promise<void>;
}

/**
 * Real services for the fuzzer.
 * @param withModel trains a tiny detector first, called fuzz/model: then requests reach a model, and not only its name's check
 */
export async function openPlatform({ withModel }: { readonly withModel: boolean }): Promise<FuzzedPlatform> {
  const cluster = await startCluster({ withConsole: true });
  const targets: FuzzTarget[] = [];
  const close = async (): Promise<void> => {
    for (const target of targets) await target.close();
    await cluster.stop();
  };
  try {
    const texts = withModel ? await trainModel(cluster) : [];
    targets.push(await callTarget((service) => cluster.endpoints[service], texts));
    const urlOf = (name: HttpService): string => cluster.httpUrl(name) ?? '';
    const urls = { labeler: urlOf('labeler'), registry: urlOf('registry'), console: urlOf('console') };
    targets.push(await httpTarget({ urls, texts, images: await imageSamples() }));
    return { cluster, targets, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Names of a checkpoint and of the jobs and files that made it. */
async function trainModel(cluster: Cluster): Promise<string[]> {
  const clients = openClients(cluster.endpoints);
  try {
    const data = await makeMicroData(join(cluster.home, 'scenes'));
    const jobs = trainingJobs(clients, data);
    await jobs.start('fuzz-training');
    await until(() => jobs.status('fuzz-training'), isEnded);
    const { digest } = (await jobs.output('fuzz-training')) as { readonly digest: string };
    await clients.registry.setAlias({ alias: 'fuzz/model', reference: digest });
    const { annotationsUri, imagesUri } = data.labeled;
    return [
      'fuzz/model',
      digest,
      'fuzz-training',
      annotationsUri,
      imagesUri,
      data.pool,
      `file://${cluster.home}/out`,
    ];
  } finally {
    clients.close();
  }
}
