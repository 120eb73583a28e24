import type { StorageReference } from './tensor-reference.ts';

/** Fetches a storage's bytes. */
export type ReadStorage = (storage: StorageReference) => Promise<Uint8Array>;
