import type { ShardTeacher } from './labeling/label-shard.ts';

export interface ModelCache {
  /** The model of this name, opened where it is not here. */
  get(name: string, open: () => Promise<ShardTeacher>): Promise<ShardTeacher>;
}

/** The models used last; the least recent one is freed for a new one. */
export function createModelCache(limit: number): ModelCache {
  const models = new Map<string, ShardTeacher>();
  return {
    async get(name, open) {
      const teacher = models.get(name) ?? (await open());
      models.delete(name);
      models.set(name, teacher);
      for (const [oldest, { model }] of models) {
        if (models.size <= limit) break;
        models.delete(oldest);
        model.dispose();
      }
      return teacher;
    },
  };
}
