import type { Framework } from '@cassl/checkpoints';
import type { ViewContext } from '../http/request.ts';
import { annotationsOf, descriptor, keptJson, type OciDocument } from './image.ts';
import { MEDIA, type Descriptor } from './media-types.ts';
import { openOciContent, type OciContent } from './oci-content.ts';

interface ModelPackOptions {
  readonly digest: string;
  readonly framework: Framework;
  readonly id: string;
}

/** CNCF's ModelPack artifact: each file a layer of its own, uncompressed, named by annotations. */
export async function modelPack(context: ViewContext, options: ModelPackOptions): Promise<OciDocument> {
  const content = await openOciContent(context, options.digest, options.framework, options.id);
  const { weights, texts, files } = content;
  const layers: Descriptor[] = [
    descriptor(MEDIA.modelWeights, weights, nameAnnotations(files.weights.name)),
    ...[...texts].map(([path, text]) =>
      descriptor(path.endsWith('.md') ? MEDIA.modelDoc : MEDIA.modelSettings, text, nameAnnotations(path)),
    ),
  ];
  const config = await keptJson(context, options, 'model-config', modelConfig(options, content, layers));
  const file = await keptJson(context, options, 'model-manifest', {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    artifactType: MEDIA.modelManifest,
    config: descriptor(MEDIA.modelConfig, config),
    layers,
    annotations: annotationsOf(content),
  });
  const parts = [weights, config, ...texts.values()].map((part) => ({ file: part }));
  return { mediaType: MEDIA.manifest, file, parts };
}

/** CRI-O looks at the title first, others at the path. */
function nameAnnotations(path: string): Record<string, string> {
  return { 'org.opencontainers.image.title': path, 'org.cncf.model.filepath': path };
}

function modelConfig(
  { id, framework }: ModelPackOptions,
  { files }: OciContent,
  layers: readonly Descriptor[],
): Record<string, unknown> {
  const { digest, createdAt, parameterCount, manifest } = files.checkpoint.checkpoint;
  return {
    descriptor: {
      createdAt: createdAt?.toISOString(),
      family: 'cassl',
      name: id,
      version: digest,
      revision: digest,
      ...(manifest?.license ? { licenses: [manifest.license] } : {}),
    },
    config: {
      architecture: 'cnn',
      format: files.weights.name.slice(files.weights.name.lastIndexOf('.') + 1),
      paramSize: String(parameterCount),
      precision: 'float32',
      capabilities: { inputTypes: ['image'], outputTypes: ['other'] },
      framework,
    },
    modelfs: { type: 'layers', diffIds: layers.map((layer) => layer.digest) },
  };
}
