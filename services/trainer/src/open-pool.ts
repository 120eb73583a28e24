import type { ImageLocation } from '@cassl/datasets';
import type { UnlabeledPool } from '@cassl/proto';

/** Where the image with a key is, for a pool that a labeling job went through. */
export function openPool(pool: UnlabeledPool): Promise<(key: string) => ImageLocation> {
  return Promise.resolve((key) => ({ store: pool.uri, key }));
}
