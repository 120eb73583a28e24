import { createHash } from 'node:crypto';
import type { Registry } from '../../registry.ts';
import { readDerived, writeDerived } from '../../checkpoints/derived-files.ts';
import { textFile, type TextFile } from '../files/text-file.ts';

/**
 * A small file that must not change once it was shown, because manifests hold its digest: made when it is first asked for,
 * then kept in the database.
 */
export async function keptText(
  registry: Registry,
  digest: string,
  view: string,
  make: () => Promise<Uint8Array> | Uint8Array,
): Promise<TextFile> {
  const known = await readDerived(registry, digest, view);
  if (known !== undefined) return textFile(known.layout, 'application/octet-stream');
  const layout = await make();
  const sha256 = createHash('sha256').update(layout).digest('hex');
  await writeDerived(registry, { digest, view, sizeBytes: layout.byteLength, sha256, layout });
  // Another request may have been faster: what it wrote counts.
  const kept = await readDerived(registry, digest, view);
  return textFile(kept?.layout ?? layout, 'application/octet-stream');
}
