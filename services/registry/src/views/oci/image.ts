import type { Framework } from '@cassl/checkpoints';
import type { DerivedServedFile } from '../files/derived-file.ts';
import type { TextFile } from '../files/text-file.ts';
import type { ViewContext } from '../http/request.ts';
import { keptText } from './kept-text.ts';
import { MEDIA, type Descriptor } from './media-types.ts';
import { OCI_LAYOUT, openOciContent, textsLayer, weightsLayer, type OciContent } from './oci-content.ts';

/** A document with what it refers to, by digest. */
export interface OciDocument {
  readonly mediaType: string;
  readonly file: TextFile;
  /** Every blob and document below it. */
  readonly parts: readonly { readonly file: DerivedServedFile | TextFile }[];
}

/** Weights are for every processor: kubelets of both kinds find a manifest. */
const ARCHITECTURES = ['amd64', 'arm64'] as const;

interface ImageOptions {
  readonly digest: string;
  readonly framework: Framework;
  /** Repository, for the card. */
  readonly id: string;
}

/** A modelcar: an ordinary image with the files under `/models`, as containerd's and CRI-O's image volumes mount it. */
export async function imageIndex(context: ViewContext, options: ImageOptions): Promise<OciDocument> {
  const { digest, framework, id } = options;
  const content = await openOciContent(context, digest, framework, id);
  const layers = [
    await weightsLayer(context, content.files.checkpoint, framework),
    await textsLayer(context, digest, framework, content.texts),
  ];
  const images = await Promise.all(
    ARCHITECTURES.map((architecture) => image(context, options, { content, layers, architecture })),
  );
  const manifests = images.map(({ manifest, architecture }) => ({
    ...descriptor(MEDIA.manifest, manifest),
    platform: { architecture, os: 'linux' },
  }));
  const file = await keptJson(context, options, 'index', {
    schemaVersion: 2,
    mediaType: MEDIA.index,
    manifests,
    annotations: annotationsOf(content),
  });
  const parts = [...layers, ...images.flatMap(({ manifest, config }) => [manifest, config])];
  return { mediaType: MEDIA.index, file, parts: parts.map((part) => ({ file: part })) };
}

interface ImageParts {
  readonly content: OciContent;
  readonly layers: readonly (DerivedServedFile | TextFile)[];
  readonly architecture: (typeof ARCHITECTURES)[number];
}

async function image(
  context: ViewContext,
  options: ImageOptions,
  { content, layers, architecture }: ImageParts,
): Promise<{ manifest: TextFile; config: TextFile; architecture: string }> {
  const created = content.files.checkpoint.checkpoint.createdAt?.toISOString();
  const config = await keptJson(context, options, `config-${architecture}`, {
    created,
    architecture,
    os: 'linux',
    config: { Labels: annotationsOf(content) },
    rootfs: { type: 'layers', diff_ids: layers.map(({ sha256 }) => `sha256:${sha256 ?? ''}`) },
    history: layers.map(() => ({ created, created_by: 'cassl' })),
  });
  const manifest = await keptJson(context, options, `manifest-${architecture}`, {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: descriptor(MEDIA.imageConfig, config),
    layers: layers.map((layer) => descriptor(MEDIA.layer, layer)),
    annotations: annotationsOf(content),
  });
  return { manifest, config, architecture };
}

export function keptJson(
  { registry }: ViewContext,
  { digest, framework }: Pick<ImageOptions, 'digest' | 'framework'>,
  name: string,
  value: unknown,
): Promise<TextFile> {
  return keptText(registry, digest, `${OCI_LAYOUT}/${framework}/${name}`, () =>
    Buffer.from(JSON.stringify(value)),
  );
}

export function descriptor(
  mediaType: string,
  { sha256, sizeBytes }: DerivedServedFile | TextFile,
  annotations?: Readonly<Record<string, string>>,
): Descriptor {
  const plain = { mediaType, digest: `sha256:${sha256}`, size: sizeBytes };
  return annotations === undefined ? plain : { ...plain, annotations };
}

export function annotationsOf({ files }: OciContent): Record<string, string> {
  const { digest, createdAt, manifest } = files.checkpoint.checkpoint;
  return {
    'org.opencontainers.image.created': (createdAt ?? new Date(0)).toISOString(),
    'org.opencontainers.image.revision': digest,
    'org.opencontainers.image.title': files.weights.name,
    ...(manifest?.license ? { 'org.opencontainers.image.licenses': manifest.license } : {}),
    'dev.cassl.checkpoint': `sha256:${digest}`,
  };
}
