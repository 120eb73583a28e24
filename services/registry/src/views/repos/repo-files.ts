import { preprocessorConfig, noteName, type Framework } from '@cassl/checkpoints';
import { Manifest } from '@cassl/proto';
import { derivedFile, type DerivedServedFile } from '../files/derived-file.ts';
import { frameworkRecipe, planFrameworkFile } from '../files/framework-file.ts';
import { openCheckpoint, type OpenCheckpoint } from '../files/open-checkpoint.ts';
import { ownFile } from '../files/own-file.ts';
import { jsonFile, textFile, type TextFile } from '../files/text-file.ts';
import type { ViewContext } from '../http/request.ts';
import { modelCard } from './model-card.ts';

/** What a repository holds at a version. */
export interface RepoFiles {
  readonly checkpoint: OpenCheckpoint;
  readonly weights: { readonly name: string; open(): Promise<DerivedServedFile> };
  /** By name; all but the weights. */
  readonly texts: ReadonlyMap<string, TextFile>;
}

/** @throws INVALID_ARGUMENT where the framework has no names for the checkpoint */
export async function openRepoFiles(
  context: ViewContext,
  digest: string,
  framework: Framework,
  id: string,
): Promise<RepoFiles> {
  const open = await openCheckpoint(context, digest);
  const card = textFile(await modelCard(context, open, { id, framework }), 'text/markdown; charset=utf-8');
  const facts = jsonFile(factsOf(open));
  if (framework === 'cassl') {
    const texts = new Map([
      ['README.md', card],
      ['cassl.json', facts],
    ]);
    const weights = {
      name: 'model.safetensors',
      open: () => Promise.resolve(ownFile(context.registry, open.blob)),
    };
    return { checkpoint: open, weights, texts };
  }
  const plan = planFrameworkFile(open, { framework });
  const texts = new Map([
    ['README.md', card],
    ['cassl.json', facts],
    [noteName(plan.name), jsonFile(plan.note)],
  ]);
  if ((framework === 'timm' || framework === 'transformers') && plan.note.config !== null)
    texts.set('config.json', jsonFile(plan.note.config));
  if (framework === 'transformers')
    texts.set('preprocessor_config.json', jsonFile(preprocessorConfig(plan.note.input)));
  const weights = {
    name: plan.name,
    open: () => derivedFile(context.registry, open.blob, frameworkRecipe(plan, framework)),
  };
  return { checkpoint: open, weights, texts };
}

/** For programs: where the weights come from. */
function factsOf({ checkpoint }: OpenCheckpoint): Record<string, unknown> {
  const { digest, sizeBytes, tensorCount, parameterCount, manifest, createdAt } = checkpoint;
  return {
    digest: `sha256:${digest}`,
    sizeBytes,
    tensorCount,
    parameterCount,
    createdAt: createdAt?.toISOString(),
    manifest: manifest === undefined ? undefined : Manifest.toJSON(manifest),
  };
}
