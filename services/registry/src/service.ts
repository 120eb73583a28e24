import { RegistryServiceDefinition } from '@cassl/proto';
import { implement, type ServedService } from '@cassl/rpc';
import { attachEvaluation } from './checkpoints/attach-evaluation.ts';
import { deleteAlias } from './aliases/delete-alias.ts';
import { listAliasPage } from './aliases/list-aliases.ts';
import { rollbackAlias } from './aliases/rollback-alias.ts';
import { setAliasRule } from './aliases/set-alias-rule.ts';
import { getLineage } from './checkpoints/lineage.ts';
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
import { pruneCheckpoints } from './upkeep/prune-checkpoints.ts';
import { reclaimStorage } from './upkeep/reclaim-storage.ts';
import { verifyCheckpoints } from './upkeep/verify-checkpoints.ts';
import { createWebhook, deleteWebhook, listWebhooks } from './webhooks/manage-webhooks.ts';

/** RPC to domain, nothing else. */
export function registryService(registry: Registry): ServedService {
  return implement(RegistryServiceDefinition, {
    publishCheckpoint: (requests, { signal }) => publishCheckpoint(registry, requests, signal),
    getUpload: (request) => getUpload(registry, request),
    getCheckpoint: ({ reference }) => getCheckpoint(registry, reference),
    listCheckpoints: (request) => listCheckpoints(registry, request),
    downloadCheckpoint: (request, { signal }) => downloadCheckpoint(registry, request, signal),
    setAlias: async (request) => ({ change: await setAlias(registry, request) }),
    getAlias: (request) => getAlias(registry, request),
    listAliases: (request) => listAliasPage(registry, request),
    rollbackAlias: async (request) => ({ change: await rollbackAlias(registry, request) }),
    deleteAlias: async (request) => ({ change: await deleteAlias(registry, request) }),
    setAliasRule: async (request) => ({ change: await setAliasRule(registry, request) }),
    getLineage: (request) => getLineage(registry, request),
    attachEvaluation: async (request) => ({ digest: await attachEvaluation(registry, request) }),
    deleteCheckpoint: async ({ digest }, { signal }) => {
      await deleteCheckpoint(registry, digest, signal);
      return {};
    },
    pruneCheckpoints: (request, { signal }) => pruneCheckpoints(registry, request, signal),
    reclaimStorage: (request, { signal }) => reclaimStorage(registry, request, signal),
    verifyCheckpoints: (request, { signal }) => verifyCheckpoints(registry, request, signal),
    createWebhook: (request) => createWebhook(registry, request),
    listWebhooks: () => listWebhooks(registry),
    deleteWebhook: async ({ id }) => {
      await deleteWebhook(registry, id);
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
