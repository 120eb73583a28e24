import { resolve } from 'node:path';
import { failedPrecondition } from '@cassl/errors';
import { findEndpoints, removeEndpoints, writeEndpoints } from './find-services.ts';
import { freePort } from './free-port.ts';
import { interruption } from './interruption.ts';
import { DEFAULT_CONSOLE_PORT, DEFAULT_PORTS } from './service-names.ts';
import { showLife } from './show-life.ts';
import { startLocalServices, type LocalServices } from './start-local-services.ts';

export interface RunPlatformFlags {
  readonly home: string;
  readonly freePorts: boolean;
  readonly json: boolean;
  readonly data: readonly string[];
  readonly output: readonly string[];
}

/** `cassl up`: everything on this machine, until Ctrl-C; what dies is started again. */
export async function runPlatform(flags: RunPlatformFlags): Promise<void> {
  if ((await findEndpoints(flags.home, {})) !== undefined) {
    throw failedPrecondition(
      `services of ${flags.home} are running already; stop them first or use another --home`,
    );
  }
  const interrupted = interruption({ exitCode: 0 });
  let services: LocalServices | undefined;
  const stopAsked = new Promise<void>((resolveStop) => {
    interrupted.onSignal(() => {
      process.stderr.write('stopping…\n');
      resolveStop();
    });
  });
  try {
    process.stderr.write(
      `starting nats-server and the services; data and logs are in ${resolve(flags.home)}\n`,
    );
    services = await startLocalServices({
      home: flags.home,
      roots: flags,
      signal: interrupted.signal,
      onEvent: showLife,
      ...(flags.freePorts ? {} : { ports: DEFAULT_PORTS }),
      consolePort: flags.freePorts ? await freePort() : DEFAULT_CONSOLE_PORT,
    });
    await writeEndpoints(flags.home, services);
    console.log(flags.json ? toJson(services) : format(services));
    await Promise.race([stopAsked, services.died]);
  } finally {
    if (services !== undefined) {
      await removeEndpoints(flags.home);
      await services.stop();
    }
    interrupted.end();
  }
}

function toJson({ endpoints, http, consoleUrl, natsUrl, metrics, logsDir, pids }: LocalServices): string {
  return JSON.stringify({ endpoints, http, consoleUrl, natsUrl, metrics, logsDir, pids });
}

function format({ endpoints, http, consoleUrl = '', natsUrl, logsDir, metrics }: LocalServices): string {
  const services = Object.entries(endpoints).map(([name, address]) => {
    const web = http[name] === undefined ? '' : `, over HTTP ${http[name]}`;
    return [name, `${address}${web}, metrics ${metrics[name] ?? ''}/metrics`];
  });
  const lines = [...services, ['nats', natsUrl], ['console', consoleUrl], ['logs', logsDir]];
  const text = lines.map(([name = '', value = '']) => `${name.padEnd(10)} ${value}`).join('\n');
  return `${text}\nOther commands find these by themselves: try \`cassl jobs list\`. Ctrl-C stops everything.`;
}
