import type { Checkpoint } from '@cassl/proto';
import { openModel, type OpenModel } from '@cassl/workers';

export interface ModelCache {
  /** A model that is here already. */
  resident(digest: string): OpenModel | undefined;
  get(checkpoint: Checkpoint, path: string): Promise<OpenModel>;
}

/** The models used last, by digest; the least recent one is freed for a new one. */
export function createModelCache(limit: number): ModelCache {
  const models = new Map<string, OpenModel>();
  return {
    resident(digest) {
      const model = models.get(digest);
      if (model === undefined) return undefined;
      models.delete(digest);
      models.set(digest, model);
      return model;
    },
    async get(checkpoint, path) {
      const { digest } = checkpoint;
      const known = models.get(digest);
      models.delete(digest);
      const model = known ?? (await openModel(checkpoint, path));
      models.set(digest, model);
      for (const [oldest, { detector }] of models) {
        if (models.size <= limit) break;
        models.delete(oldest);
        detector.dispose();
      }
      return model;
    },
  };
}
