import { RegistryServiceDefinition } from '@cassl/proto';
import { implement, type ServedService } from '@cassl/rpc';
import { attachEvaluation } from './checkpoints/attach-evaluation.ts';
import { deleteCheckpoint } from './checkpoints/delete-checkpoint.ts';
import { downloadCheckpoint } from './checkpoints/download-checkpoint.ts';
import { getAlias } from './aliases/get-alias.ts';
import { getCheckpoint } from './checkpoints/get-checkpoint.ts';
import { getUpload } from './checkpoints/get-upload.ts';
import { listCheckpoints } from './checkpoints/list-checkpoints.ts';
import { publishCheckpoint } from './checkpoints/publish-checkpoint.ts';
import type { Registry } from './registry.ts';
import { setAlias } from './aliases/set-alias.ts';
import { newestSequence, watchChanges } from './aliases/watch-changes.ts';

/** RPC to domain, nothing else. */
export function registryService(registry: Registry): ServedService {
  return implement(RegistryServiceDefinition, {
    publishCheckpoint: (requests, { signal }) => publishCheckpoint(registry, requests, signal),
    getUpload: ({ digest }) => getUpload(registry, digest),
    getCheckpoint: ({ reference }) => getCheckpoint(registry, reference),
    listCheckpoints: (request) => listCheckpoints(registry, request),
    downloadCheckpoint: (request, { signal }) => downloadCheckpoint(registry, request, signal),
    setAlias: async (request) => ({ change: await setAlias(registry, request) }),
    getAlias: ({ alias }) => getAlias(registry, alias),
    attachEvaluation: async (request) => ({ digest: await attachEvaluation(registry, request) }),
    deleteCheckpoint: async ({ digest }) => {
      await deleteCheckpoint(registry, digest);
      return {};
    },
    async *watch(_, context) {
      const position = await newestSequence(registry);
      // A client that has seen the header knows that from now on it misses nothing.
      context.header.set('x-watching', '1');
      context.sendHeader();
      yield* watchChanges(registry, position, AbortSignal.any([context.signal, context.stopping]));
    },
  });
}
