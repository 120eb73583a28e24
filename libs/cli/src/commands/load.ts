import type { Command } from 'commander';
import { numberFlag, wholeFlag } from '../flags/number-flag.ts';
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
    .option(
      '--clients <n>',
      'closed loop: so many callers, each waiting for its answer (default 1)',
      wholeFlag(1, 10_000),
    )
    .option(
      '--rate <n>',
      'open loop: so many requests a second, coming at random times',
      numberFlag({ least: 0.001, most: 100_000 }),
    )
    .option('--seed <n>', 'seed of these times', wholeFlag(0, 2 ** 32 - 1), 1)
    .option('--duration <seconds>', 'how long to measure', numberFlag({ least: 0.1, most: 86_400 }), 10)
    .option('--warm-up <seconds>', 'how long to ask before', numberFlag({ least: 0, most: 3600 }), 1)
    .option('--timeout <seconds>', 'what a request may take', numberFlag({ least: 0.001, most: 3600 }), 30)
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
