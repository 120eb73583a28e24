import type { Command } from 'commander';

interface UpFlags {
  readonly home: string;
  readonly freePorts: boolean;
  readonly json: boolean;
  readonly data: readonly string[];
  readonly output: readonly string[];
}

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
      '\nOther commands find the services through HOME/endpoints.json while this one runs. By default requests may name only' +
        '\nwhat is in the working directory; name every other folder with --data or --output.',
    )
    .action(async (flags: UpFlags) => {
      const { startLocalServices } = await import('../local/start-local-services.ts');
      const { findEndpoints, removeEndpoints, writeEndpoints } = await import('../local/find-services.ts');
      const { freePort } = await import('../local/free-port.ts');
      const { DEFAULT_CONSOLE_PORT, DEFAULT_PORTS } = await import('../local/service-names.ts');
      const { failedPrecondition } = await import('@cassl/errors');
      if ((await findEndpoints(flags.home, {})) !== undefined) {
        throw failedPrecondition(
          `services of ${flags.home} are running already; stop them first or use another --home`,
        );
      }
      const stopAsked = Promise.withResolvers<void>();
      const stopping = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.once(signal, () => {
          stopping.abort();
          stopAsked.resolve();
        });
      }

      const services = await startLocalServices({
        home: flags.home,
        roots: flags,
        signal: stopping.signal,
        ...(flags.freePorts ? {} : { ports: DEFAULT_PORTS }),
        consolePort: flags.freePorts ? await freePort() : DEFAULT_CONSOLE_PORT,
      });
      await writeEndpoints(flags.home, services);
      const { endpoints, http, natsUrl, logsDir, pids, consoleUrl } = services;
      if (flags.json) console.log(JSON.stringify({ endpoints, http, consoleUrl, natsUrl, logsDir, pids }));
      else {
        for (const [name, address] of Object.entries(endpoints))
          console.log(`${name.padEnd(10)} ${address}  ${http[name] ?? ''}`.trimEnd());
        console.log(
          `${'nats'.padEnd(10)} ${natsUrl}\n${'console'.padEnd(10)} ${consoleUrl}\n${'logs'.padEnd(10)} ${logsDir}\nCtrl-C stops everything.`,
        );
      }
      try {
        await Promise.race([stopAsked.promise, services.died]);
      } finally {
        await removeEndpoints(flags.home);
        await services.stop();
      }
    });
}
