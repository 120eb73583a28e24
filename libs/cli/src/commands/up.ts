import type { Command } from 'commander';
import type { RunPlatformFlags } from '../local/run-platform.ts';

/** `cassl up`: nats-server, the four services and the console on this machine, until Ctrl-C. */
export function register(program: Command): void {
  program
    .command('up')
    .description(
      'Start nats-server, the four services and the console on this machine; Ctrl-C stops them all.',
    )
    .option('--home <dir>', 'folder for streams, checkpoints, jobs and logs', '.cassl')
    .option('--free-ports', 'take free ports instead of 7100 to 7103 and 7190', false)
    .option('--data <place...>', 'folders and s3:// addresses that requests may read', ['.'])
    .option('--output <place...>', 'folders and s3:// addresses that requests may write and read', ['.'])
    .option('--json', 'print the addresses as one JSON line', false)
    .addHelpText(
      'after',
      '\nA service that dies is started again. Other commands find the services through HOME/endpoints.json while this one runs.' +
        '\nBy default requests may name only what is in the working directory; name every other folder with --data or --output.',
    )
    .action(async (flags: RunPlatformFlags) => {
      const { runPlatform } = await import('../local/run-platform.ts');
      await runPlatform(flags);
    });
}
