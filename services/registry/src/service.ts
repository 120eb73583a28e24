import { RegistryServiceDefinition } from '@cassl/proto';
import { implement, type ServedService } from '@cassl/rpc';
import { attachEvaluation } from './attach-evaluation.ts';
import { deleteCheckpoint } from './delete-checkpoint.ts';
import { downloadCheckpoint } from './download-checkpoint.ts';
import { getAlias } from './get-alias.ts';
import { getCheckpoint } from './get-checkpoint.ts';
import { getUpload } from './get-upload.ts';
import { listCheckpoints } from './list-checkpoints.ts';
import { publishCheckpoint } from './publish-checkpoint.ts';
import type { Registry } from './registry.ts';
import { setAlias } from './set-alias.ts';
import { newestSequence, watchChanges } from './watch-changes.ts';

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
