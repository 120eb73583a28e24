import type { Registry } from '../registry.ts';

/** What a view keeps of a checkpoint: the size and digest of a file that it makes, and what it needs to make it again. */
export interface DerivedFile {
  readonly digest: string;
  /** Name of the view, with its version and options, for example "pth-1/torchvision". */
  readonly view: string;
  readonly sizeBytes: number;
  /** 64 hex digits. */
  readonly sha256: string;
  readonly layout: Uint8Array;
}

export async function readDerived(
  { db }: Pick<Registry, 'db'>,
  digest: string,
  view: string,
): Promise<DerivedFile | undefined> {
  const row = await db
    .selectFrom('derived_files')
    .selectAll()
    .where('digest', '=', digest)
    .where('view', '=', view)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { size_bytes: sizeBytes, sha256, layout } = row;
  return { digest, view, sizeBytes: Number(sizeBytes), sha256, layout };
}

/** Views are made of immutable bytes: whoever writes the same one again writes the same. Goes with its checkpoint. */
export async function writeDerived({ db }: Pick<Registry, 'db'>, file: DerivedFile): Promise<void> {
  const { digest, view, sizeBytes, sha256, layout } = file;
  await db
    .insertInto('derived_files')
    .values({ digest, view, size_bytes: sizeBytes, sha256, layout: Buffer.from(layout) })
    .onConflict((conflict) => conflict.columns(['digest', 'view']).doNothing())
    .execute();
}

/** By the digest of the file itself; `undefined` when no view has made such a file. */
export async function findDerived(
  { db }: Pick<Registry, 'db'>,
  sha256: string,
): Promise<DerivedFile | undefined> {
  const row = await db
    .selectFrom('derived_files')
    .selectAll()
    .where('sha256', '=', sha256)
    .orderBy('digest')
    .orderBy('view')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { digest, view, size_bytes: sizeBytes, layout } = row;
  return { digest, view, sizeBytes: Number(sizeBytes), sha256, layout };
}
