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
      const { rename, rm } = await import('node:fs/promises');
      const { RegistryServiceDefinition, Checkpoint } = await import('@cassl/proto');
      const { createClient } = await import('@cassl/rpc');
      const { fetchFile } = await import('@cassl/workers');
      const { notFound } = await import('@cassl/errors');
      const { withServices } = await import('../services/find-services.ts');
      await withServices({ home: flags.home, names: ['registry'] }, async ({ registry: address }) => {
        const registry = createClient(RegistryServiceDefinition, address);
        try {
          const { checkpoint } = await registry.getCheckpoint({ reference });
          if (checkpoint === undefined) throw notFound(`the registry has no checkpoint ${reference}`);
          const partial = `${flags.out}.part`;
          await fetchFile({ registry, digest: checkpoint.digest, path: partial }).catch(async (error: unknown) => {
            await rm(partial, { force: true });
            throw error;
          });
          await rename(partial, flags.out);
          if (flags.json) console.log(JSON.stringify({ out: flags.out, checkpoint: Checkpoint.toJSON(checkpoint) }));
          else console.log(`${flags.out}  sha256:${checkpoint.digest}  ${checkpoint.sizeBytes} bytes`);
        } finally {
          registry.close();
        }
      });
    });
}
