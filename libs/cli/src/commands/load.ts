import type { Command } from 'commander';
import type { LoadFlags } from '../load/load-command.ts';

/** `cassl load`: how a server of the Open Inference Protocol does under load. */
export function register(program: Command): void {
  program
    .command('load')
    .description(
      'Ask a server of the Open Inference Protocol for detections, as many callers do, and measure.',
    )
    .requiredOption('--target <address>', 'host:port for gRPC, or http://host:port for REST')
    .requiredOption('--model <name>', 'name of the model')
    .requiredOption('--images <folder>', 'folder of image files, sent in turn')
    .option('--input <name>', 'input tensor for encoded images; default the only BYTES input')
    .option('--clients <n>', 'closed loop: so many callers, each waiting for its answer (default 1)')
    .option('--rate <n>', 'open loop: so many requests a second, coming at random times')
    .option('--seed <n>', 'seed of these times', '1')
    .option('--duration <seconds>', 'how long to measure', '10')
    .option('--warm-up <seconds>', 'how long to ask before', '1')
    .option('--timeout <seconds>', 'what a request may take', '30')
    .option('--json', 'print one JSON line', false)
    .addHelpText(
      'after',
      '\nOf a closed loop the server sets the pace, and a stall is seen by few requests. Of an open loop times count from' +
        '\nwhen a request was due, so that a stall is felt by all behind it. A token comes from CASSL_AUTH_TOKEN.',
    )
    .action(async (flags: LoadFlags) => {
      const { load } = await import('../load/load-command.ts');
      await load(flags);
    });
}
