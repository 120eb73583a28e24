import { Option, type Command } from 'commander';
import type { Framework } from '@cassl/checkpoints';
import type { Checkpoint } from '@cassl/proto';

interface PullFlags {
  readonly out: string;
  readonly oci: boolean;
  readonly for?: Framework | 'onnx';
  readonly home: string;
  readonly json: boolean;
}

/** Those whose own files the registry's HTTP views give too. */
const FRAMEWORKS = [
  'torchvision',
  'timm',
  'transformers',
  'mmdet',
  'detectron2',
  'adelaidet',
  'entity',
  'swin',
  'msra',
  'onnx',
];

interface Pulled {
  readonly out: string;
  /** `sha256:…` of what was written. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** `cassl pull`: a checkpoint's file from the registry, as it is or as another framework reads it. */
export function register(program: Command): void {
  program
    .command('pull')
    .description('Download a checkpoint (safetensors) from the registry; its sha256 is checked.')
    .argument('<reference>', 'digest, at least 8 leading hex digits of one, or alias')
    .requiredOption('--out <file>', 'file to write, or with --oci the folder')
    .addOption(
      new Option(
        '--for <framework>',
        'write that framework’s own file, byte for byte as the registry’s HTTP views give it, and a note beside it',
      ).choices(FRAMEWORKS),
    )
    .option(
      '--oci',
      'write an OCI image layout (folder) whose image has the file under /models, for skopeo, oras, containerd',
      false,
    )
    .addOption(new Option('--home <dir>', 'folder of the services').default('.cassl').env('CASSL_HOME'))
    .option('--json', 'print what it is as JSON', false)
    .action(async (reference: string, flags: PullFlags) => {
      const path = await import('node:path');
      const { RegistryServiceDefinition, Checkpoint } = await import('@cassl/proto');
      const { createClient, downloadCheckpoint } = await import('@cassl/rpc');
      const { withServices } = await import('../local/find-services.ts');
      const { makePlaceFor } = await import('../output/make-place-for.ts');
      if (!flags.oci) await makePlaceFor('--out', flags.out);
      await withServices({ home: flags.home, names: ['registry'] }, async ({ registry: address }) => {
        const registry = createClient(RegistryServiceDefinition, address);
        try {
          // Through the cache, so that an interrupted download goes on where it was.
          const cacheDir = path.join(flags.home, 'pulled');
          const { checkpoint, path: cached } = await downloadCheckpoint({
            client: registry,
            reference,
            cacheDir,
          });
          const pulled = await (flags.oci ? writeImage : write)(cached, checkpoint, flags);
          if (flags.json)
            console.log(JSON.stringify({ ...pulled, checkpoint: Checkpoint.toJSON(checkpoint) }));
          else console.log(`${pulled.out}  ${pulled.digest}  ${pulled.sizeBytes} bytes`);
        } finally {
          registry.close();
        }
      });
    });
}

async function write(
  cached: string,
  checkpoint: Checkpoint,
  { out, for: framework }: PullFlags,
): Promise<Pulled> {
  if (framework === 'onnx') return writeGraph(cached, checkpoint, out);
  if (framework !== undefined) {
    const { modelFacts, readCheckpoint, writeExport } = await import('@cassl/checkpoints');
    const { tensors } = await readCheckpoint(cached);
    const model = modelFacts(checkpoint.manifest?.model);
    const { digest, sizeBytes } = await writeExport(out, tensors, { framework, model });
    return { out, digest, sizeBytes };
  }
  const { copyFile, rename } = await import('node:fs/promises');
  await copyFile(cached, `${out}.part`);
  await rename(`${out}.part`, out);
  return { out, digest: `sha256:${checkpoint.digest}`, sizeBytes: checkpoint.sizeBytes };
}

/** A detector as a model that runs in onnxruntime. */
async function writeGraph(cached: string, { digest, manifest }: Checkpoint, out: string): Promise<Pulled> {
  const { failedPrecondition } = await import('@cassl/errors');
  if (manifest?.model === undefined) {
    throw failedPrecondition(
      `checkpoint ${digest} has no detector configuration in its manifest, so it has no graph`,
    );
  }
  const { readCheckpoint } = await import('@cassl/checkpoints');
  const { parseDetectorConfig } = await import('@cassl/detector/fit-image');
  const { writeOnnx } = await import('@cassl/onnx');
  const { tensors } = await readCheckpoint(cached);
  const categories = manifest.categories.map(({ name }) => name);
  const written = await writeOnnx(out, tensors, { config: parseDetectorConfig(manifest.model), categories });
  return { out, digest: written.digest, sizeBytes: written.sizeBytes };
}

/** The same file in an OCI image layout, tagged by the checkpoint's digest. */
async function writeImage(cached: string, checkpoint: Checkpoint, flags: PullFlags): Promise<Pulled> {
  const { mkdtemp, readFile, rm } = await import('node:fs/promises');
  const path = await import('node:path');
  const { defaultContainer, noteName, writeOciLayout } = await import('@cassl/checkpoints');
  const { for: framework = 'cassl', out } = flags;
  const name = `model.${framework === 'onnx' ? 'onnx' : defaultContainer(framework)}`;
  const folder = await mkdtemp(`${cached}.image-`);
  try {
    const file = path.join(folder, name);
    await write(cached, checkpoint, { ...flags, out: file });
    const note = await readFile(noteName(file)).catch(() => undefined);
    const { digest, createdAt, manifest } = checkpoint;
    const proto = await import('@cassl/proto');
    const facts = { digest: `sha256:${digest}`, manifest: manifest && proto.Manifest.toJSON(manifest) };
    const written = await writeOciLayout(out, {
      weights: { name, file },
      texts: new Map([
        ['cassl.json', Buffer.from(`${JSON.stringify(facts, null, 2)}\n`)],
        ...(note === undefined ? [] : [[noteName(name), note] as const]),
      ]),
      tag: digest.slice(0, 12),
      created: createdAt ?? new Date(0),
      annotations: {
        'org.opencontainers.image.revision': digest,
        'org.opencontainers.image.title': name,
        ...(manifest?.license ? { 'org.opencontainers.image.licenses': manifest.license } : {}),
      },
    });
    return { out, ...written };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
