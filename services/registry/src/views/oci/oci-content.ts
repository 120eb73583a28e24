import { pieceContent, tarPieces, type Framework } from '@cassl/checkpoints';
import { derivedFile, type DerivedServedFile, type Recipe } from '../files/derived-file.ts';
import { frameworkRecipe, planFrameworkFile } from '../files/framework-file.ts';
import type { OpenCheckpoint } from '../files/open-checkpoint.ts';
import { OCTETS } from '../files/own-file.ts';
import type { TextFile } from '../files/text-file.ts';
import type { ViewContext } from '../http/request.ts';
import { openRepoFiles, type RepoFiles } from '../repos/repo-files.ts';
import { keptText } from './kept-text.ts';

/** Raised whenever a manifest or layer is laid out otherwise. */
export const OCI_LAYOUT = 'oci1';

export interface OciContent {
  readonly files: RepoFiles;
  /** The weights as they are in every other view. */
  readonly weights: DerivedServedFile;
  /** All other files, frozen when they were first asked for. */
  readonly texts: ReadonlyMap<string, TextFile>;
}

export async function openOciContent(
  context: ViewContext,
  digest: string,
  framework: Framework,
  id: string,
): Promise<OciContent> {
  const files = await openRepoFiles(context, digest, framework, id);
  const texts = new Map<string, TextFile>();
  for (const [path, text] of files.texts) {
    const view = `${OCI_LAYOUT}/${framework}/text/${path}`;
    texts.set(path, await keptText(context.registry, digest, view, () => text.bytes));
  }
  return { files, weights: await files.weights.open(), texts };
}

/** A layer of an image: the weights alone, `models/model.safetensors`, so that tags and cards change nothing of it. */
export function weightsLayer(
  { registry }: ViewContext,
  open: OpenCheckpoint,
  framework: Framework,
): Promise<DerivedServedFile> {
  return derivedFile(registry, open.blob, layerRecipe(open, framework));
}

function layerRecipe(open: OpenCheckpoint, framework: Framework): Recipe {
  const view = `${OCI_LAYOUT}/${framework}/layer`;
  if (framework === 'cassl') {
    const { sizeBytes } = open.blob;
    const stored = { dtype: 'U8', shape: [sizeBytes], origin: { start: 0, end: sizeBytes } } as const;
    const pieces = tarPieces([{ path: 'models/' }, { path: 'models/model.safetensors', content: [stored] }]);
    return { view, contentType: OCTETS, pieces: () => pieces, checksummed: new Map() };
  }
  const plan = planFrameworkFile(open, { framework });
  const { checksummed } = frameworkRecipe(plan, framework);
  return {
    view,
    contentType: OCTETS,
    checksummed,
    pieces: (checksum) =>
      tarPieces([{ path: 'models/' }, { path: `models/${plan.name}`, content: plan.pieces(checksum) }]),
  };
}

/** The other layer: everything but the weights. */
export function textsLayer(
  { registry }: ViewContext,
  digest: string,
  framework: Framework,
  texts: ReadonlyMap<string, TextFile>,
): Promise<TextFile> {
  return keptText(registry, digest, `${OCI_LAYOUT}/${framework}/texts`, () => {
    const entries = [...texts].map(([path, { bytes }]) => ({ path: `models/${path}`, content: [bytes] }));
    return Buffer.concat(tarPieces([{ path: 'models/' }, ...entries]).map(pieceContent));
  });
}
