import { availableParallelism, freemem, loadavg, release, totalmem, uptime } from 'node:os';
import { join, resolve } from 'node:path';
import { errorCode, errorMessage } from '@cassl/errors';
import { diagnoseEngines, hasGpu } from '@cassl/engine';
import { findEndpoints } from '../local/find-services.ts';
import { askServices } from './ask-services.ts';
import { lastLines } from './last-lines.ts';
import { secretsOf, settingsWithoutSecrets, withoutSecrets } from './without-secrets.ts';

export interface DiagnosisOptions {
  /** Where `cassl up` keeps its data. */
  readonly home: string;
  /** Of each log. */
  readonly lines: number;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What somebody who helps from afar asks for first: versions, machine, settings, records, last logs; no secret. */
export async function collectDiagnosis({ home, lines, version, env }: DiagnosisOptions): Promise<object> {
  const services = await findEndpoints(home, env).then(
    (endpoints) => askServices(endpoints ?? {}),
    (error: unknown) => ({ error: { code: errorCode(error), message: errorMessage(error) } }),
  );
  const logs = await lastLines(join(resolve(home), 'logs'), lines);
  // Last: measuring an engine leaves no turn to anything else.
  const engines = await diagnoseEngines();
  const diagnosis = {
    at: new Date().toISOString(),
    versions: { cassl: version, ...process.versions },
    machine: {
      platform: `${process.platform}-${process.arch}`,
      release: release(),
      cores: availableParallelism(),
      load: loadavg(),
      memoryBytes: { total: totalmem(), free: freemem() },
      upSeconds: Math.round(uptime()),
      gpu: hasGpu(),
    },
    engines,
    settings: settingsWithoutSecrets(env),
    services,
    logs,
  };
  const secrets = secretsOf(env);
  return JSON.parse(
    JSON.stringify(diagnosis, (_key, value: unknown) => {
      if (typeof value === 'bigint') return value.toString();
      return typeof value === 'string' ? withoutSecrets(value, secrets) : value;
    }),
  ) as object;
}
