import { invalidArgument } from '@cassl/errors';
import { Manifest } from '@cassl/proto';
import { checkTexts } from '@cassl/rpc';
import type { Kysely } from 'kysely';
import type { FileOperation } from '../../../aliases/commit-files.ts';
import { checkManifest } from '../../../check-request.ts';
import type { Database } from '../../../database/schema.ts';
import { FACTS } from './push-path.ts';

const CARD = 'README.md';
const MAX_TAGS = 64;

/**
 * The manifest of pushed weights: what `cassl.json` says, as repositories show it; without one what the model card's head says of
 * licence, base models that are checkpoints here, and tags of the form `key:value`.
 */
export async function manifestOf(
  db: Kysely<Database>,
  operations: readonly FileOperation[],
): Promise<Manifest> {
  const textOf = (name: string): string | undefined => {
    const added = operations.findLast(({ kind, path }) => kind === 'add' && path === name);
    return added?.kind === 'add' ? Buffer.from(added.content).toString('utf8') : undefined;
  };
  const facts = textOf(FACTS);
  if (facts !== undefined) return checkManifest(fromFacts(facts));
  const card = textOf(CARD);
  return card === undefined ? Manifest.fromPartial({}) : checkManifest(await fromCard(db, card));
}

function fromFacts(text: string): Manifest {
  try {
    const { manifest } = JSON.parse(text) as { manifest?: unknown };
    return canonical(Manifest.fromJSON(manifest ?? {}));
  } catch (cause) {
    throw invalidArgument(`${FACTS} must be JSON with a manifest, as repositories of this registry have it`, {
      cause,
    });
  }
}

/** As it would have come by gRPC: without half characters and numbers that are none of its fields'. */
function canonical(manifest: Manifest): Manifest {
  const sent = Manifest.decode(Manifest.encode(manifest).finish());
  checkTexts(sent, 'manifest');
  return sent;
}

async function fromCard(db: Kysely<Database>, card: string): Promise<Manifest> {
  const head = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1];
  const { parse } = await import('yaml');
  let fields: Record<string, unknown>;
  try {
    const parsed: unknown = head === undefined ? {} : parse(head);
    fields = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    // People write cards: one that is no YAML is a card all the same.
    fields = {};
  }
  const texts = (value: unknown): string[] =>
    [value].flat().filter((text): text is string => typeof text === 'string');
  const tags = texts(fields.tags)
    .map((tag) => /^([^:]{1,64}):(.{1,256})$/.exec(tag))
    .flatMap((found) => (found === null ? [] : [[found[1] ?? '', found[2] ?? ''] as const]))
    .slice(0, MAX_TAGS);
  return canonical(
    Manifest.fromPartial({
      license: texts(fields.license)[0] ?? '',
      parents: await knownDigests(db, texts(fields.base_model)),
      tags: Object.fromEntries(tags),
    }),
  );
}

/** Of `checkpoints/{digest}` those that are here. */
async function knownDigests(db: Kysely<Database>, models: readonly string[]): Promise<string[]> {
  const digests = models.flatMap((model) => /^checkpoints\/([0-9a-f]{64})$/.exec(model)?.[1] ?? []);
  if (digests.length === 0) return [];
  const rows = await db.selectFrom('checkpoints').select('digest').where('digest', 'in', digests).execute();
  return rows.map(({ digest }) => digest);
}
