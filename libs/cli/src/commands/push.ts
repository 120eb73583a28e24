import type { Command } from 'commander';
import { DEFAULT_HOME } from '../local/find-services.ts';

interface PushFlags {
  readonly alias?: string;
  readonly onlyIfNew: boolean;
  readonly manifest?: string;
  readonly parent: readonly string[];
  readonly tag: readonly string[];
  readonly license?: string;
  readonly reason: string;
  readonly home: string;
  readonly json: boolean;
}

/** `cassl push`: a checkpoint's file into the registry. */
export function register(program: Command): void {
  program
    .command('push')
    .description(
      'Publish a checkpoint (safetensors) in the registry; a push that broke off goes on where it was.',
    )
    .argument('<file>', 'safetensors file')
    .option('--alias <name>', 'point this alias to it')
    .option('--only-if-new', 'with --alias: fail when the alias exists', false)
    .option('--manifest <file>', 'JSON of cassl.v1.Manifest: stage, model, categories, data, …')
    .option('--parent <reference>', 'what it was made from, a digest or alias; repeatable', collect, [])
    .option('--tag <key=value>', 'label for searching; repeatable', collect, [])
    .option('--license <spdx>', 'its licence, for example Apache-2.0')
    .option('--reason <text>', 'why, for the history of the alias', '')
    .option('--home <dir>', 'folder of the services', DEFAULT_HOME)
    .option('--json', 'print what it is as JSON', false)
    .action(async (file: string, flags: PushFlags) => {
      const { Checkpoint } = await import('@cassl/proto');
      const { checkpointFileSize, publishCheckpointFile } = await import('@cassl/rpc');
      const { withRegistry, callerName } = await import('../registry/with-registry.ts');
      const { showBytes } = await import('../registry/show-bytes.ts');
      const { readManifest, withParents } = await import('../registry/read-manifest.ts');
      // Before a registry is looked for, or started.
      await checkpointFileSize(file);
      const read = await readManifest(flags);
      await withRegistry(flags.home, async (registry) => {
        const manifest = await withParents(read, flags.parent, registry);
        const progress = showBytes(flags.json ? undefined : process.stderr);
        const { checkpoint, existed, repaired } = await publishCheckpointFile({
          client: registry,
          file,
          manifest,
          onProgress: progress.update,
        }).finally(progress.end);
        if (checkpoint === undefined) throw new Error('the registry answered without the checkpoint');
        if (flags.alias !== undefined) {
          const { alias, reason, onlyIfNew } = flags;
          await registry.setAlias({
            alias,
            reference: checkpoint.digest,
            reason,
            onlyIfNew,
            actor: callerName(),
          });
        }
        const state = repaired ? 'repaired' : existed ? 'was there already' : 'published';
        if (flags.json)
          console.log(
            JSON.stringify({
              checkpoint: Checkpoint.toJSON(checkpoint),
              existed,
              repaired,
              alias: flags.alias,
            }),
          );
        else console.log(`sha256:${checkpoint.digest}  ${checkpoint.sizeBytes} bytes  ${state}`);
      });
    });
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
