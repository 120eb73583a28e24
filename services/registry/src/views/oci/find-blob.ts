import { FRAMEWORKS } from '@cassl/checkpoints';
import { readCheckpoint } from '../../checkpoints/read-checkpoints.ts';
import { findDerived } from '../../checkpoints/derived-files.ts';
import { checkContainer, frameworkFile } from '../files/framework-file.ts';
import { openCheckpoint } from '../files/open-checkpoint.ts';
import { ownFile } from '../files/own-file.ts';
import { textFile } from '../files/text-file.ts';
import type { ViewContext } from '../http/request.ts';
import type { ServedFile } from '../http/send-file.ts';
import { MEDIA } from './media-types.ts';
import { OCI_LAYOUT, weightsLayer } from './oci-content.ts';

export interface FoundBlob {
  readonly file: ServedFile;
  /** Of a manifest or index; others are octets. */
  readonly mediaType: string | undefined;
}

/** Whatever has this sha256 among stored files, files made of them and what manifests were made of. */
export async function findBlob(context: ViewContext, sha256: string): Promise<FoundBlob | undefined> {
  const { registry } = context;
  if ((await readCheckpoint(registry.db, sha256)) !== undefined) {
    const open = await openCheckpoint(context, sha256);
    return { file: ownFile(registry, open.blob), mediaType: undefined };
  }
  const row = await findDerived(registry, sha256);
  if (row === undefined) return undefined;
  const [layout = '', name = '', part = ''] = row.view.split('/');
  const framework = FRAMEWORKS.find((known) => known === name);
  if (framework === undefined) return undefined;
  if (layout === OCI_LAYOUT && part !== 'layer')
    return { file: textFile(row.layout, 'application/octet-stream'), mediaType: documentType(part) };
  const open = await openCheckpoint(context, row.digest);
  const file =
    layout === OCI_LAYOUT
      ? await weightsLayer(context, open, framework)
      : await frameworkFile(registry, open, { framework, container: checkContainer(part) });
  // A layout of an earlier release is not made any more.
  return file.sha256 === sha256 ? { file, mediaType: undefined } : undefined;
}

function documentType(part: string): string | undefined {
  if (part === 'index') return MEDIA.index;
  return part.startsWith('manifest-') || part === 'model-manifest' ? MEDIA.manifest : undefined;
}
