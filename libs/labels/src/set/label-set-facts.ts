import { errorCode, invalidArgument } from '@cassl/errors';
import { readBytes, type ObjectStore } from '@cassl/storage';
import { z } from 'zod';
import { factsKey } from './label-set-keys.ts';

const factsSchema = z.object({
  /** Job, command or RPC that made the set. */
  madeBy: z.string(),
  /** ISO 8601. */
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  /** Seconds that devices were busy with it, all workers together. */
  gpuSeconds: z.number().nonnegative().optional(),
  gpuSecondsPer1000Images: z.number().nonnegative().optional(),
  /** Digests of the sets that it was made from, and how. */
  from: z.array(z.string()).optional(),
  how: z.string().optional(),
});

/** What does not change the labels: when, at which cost, out of what. Kept beside the set, never inside its digest. */
export type LabelSetFacts = Readonly<z.infer<typeof factsSchema>>;

export async function writeFacts(store: ObjectStore, digest: string, facts: LabelSetFacts): Promise<void> {
  await store.put(factsKey(digest), Buffer.from(`${JSON.stringify(facts, null, 2)}\n`));
}

/** Undefined where nobody wrote any. */
export async function readFacts(store: ObjectStore, digest: string): Promise<LabelSetFacts | undefined> {
  const key = factsKey(digest);
  const bytes = await readBytes(store, key).catch((error: unknown) => {
    if (errorCode(error) === 'NOT_FOUND') return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  const parsed = factsSchema.safeParse(JSON.parse(Buffer.from(bytes).toString()));
  if (!parsed.success)
    throw invalidArgument(`label set facts ${key}: ${parsed.error.issues[0]?.message ?? ''}`);
  return parsed.data;
}
