import type { Command } from 'commander';

interface PullFlags {
  readonly out: string;
  readonly home: string;
  readonly json: boolean;
}

/** `cassl pull`: a checkpoint's file from the registry. */
export function register(program: Command): void {
  program
    .command('pull')
    .description('Download a checkpoint (safetensors) from the registry; its sha256 is checked.')
    .argument('<reference>', 'digest, at least 8 leading hex digits of one, or alias')
    .requiredOption('--out <file>', 'file to write')
    .option('--home <dir>', 'folder of the services', '.cassl')
    .option('--json', 'print what it is as JSON', false)
    .action(async (reference: string, flags: PullFlags) => {
      const { copyFile, rename } = await import('node:fs/promises');
      const path = await import('node:path');
      const { RegistryServiceDefinition, Checkpoint } = await import('@cassl/proto');
      const { createClient, downloadCheckpoint } = await import('@cassl/rpc');
      const { withServices } = await import('../local/find-services.ts');
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
          await copyFile(cached, `${flags.out}.part`);
          await rename(`${flags.out}.part`, flags.out);
          if (flags.json)
            console.log(JSON.stringify({ out: flags.out, checkpoint: Checkpoint.toJSON(checkpoint) }));
          else console.log(`${flags.out}  sha256:${checkpoint.digest}  ${checkpoint.sizeBytes} bytes`);
        } finally {
          registry.close();
        }
      });
    });
}
