import type { VerifyCheckpointsRequest, VerifyCheckpointsResponse } from '@cassl/proto';
import { resolveReference } from '../aliases/resolve-reference.ts';
import { verifyBlob } from '../checkpoints/seal.ts';
import type { Registry } from '../registry.ts';

/** Hashes stored files one after the other and tells each result as it comes. */
export async function* verifyCheckpoints(
  registry: Registry,
  { references }: VerifyCheckpointsRequest,
  signal: AbortSignal,
): AsyncGenerator<VerifyCheckpointsResponse> {
  const digests = references.length === 0 ? await allDigests(registry) : await named(registry, references);
  for (const [index, digest] of digests.entries()) {
    signal.throwIfAborted();
    const damage = await verifyBlob(registry, digest);
    yield { digest, damage: damage ?? '', done: index + 1, total: digests.length };
  }
}

async function allDigests({ db }: Registry): Promise<string[]> {
  const rows = await db.selectFrom('checkpoints').select('digest').orderBy('sequence').execute();
  return rows.map(({ digest }) => digest);
}

async function named(registry: Registry, references: readonly string[]): Promise<string[]> {
  const digests = new Set<string>();
  for (const [index, reference] of references.entries())
    digests.add(await resolveReference(registry, reference, { field: `references[${index}]` }));
  return [...digests];
}
