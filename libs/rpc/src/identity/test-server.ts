import { Writable } from 'node:stream';
import {
  DetectorServiceDefinition,
  EvaluatorServiceDefinition,
  LabelerServiceDefinition,
  LabelSetServiceDefinition,
  PipelineServiceDefinition,
  RegistryServiceDefinition,
  TrainerServiceDefinition,
} from '@cassl/proto';
import { GRPCInferenceServiceDefinition } from '@cassl/proto/inference';
import { pino } from 'pino';
import { implement, serve, type RunningServer, type ServedService, type ServeOptions } from '../index.ts';

/** Every service of the platform. */
export const DEFINITIONS = [
  DetectorServiceDefinition,
  EvaluatorServiceDefinition,
  LabelerServiceDefinition,
  PipelineServiceDefinition,
  RegistryServiceDefinition,
  TrainerServiceDefinition,
  LabelSetServiceDefinition,
  GRPCInferenceServiceDefinition,
] as const;

export interface TestServer extends RunningServer {
  /** Every line that was logged. */
  readonly lines: readonly string[];
}

/** A server of every service whose methods answer empty messages, or as `handlers` say; its log is kept. */
export async function serveEverything(
  options: Partial<ServeOptions> = {},
  handlers: Readonly<Record<string, unknown>> = {},
): Promise<TestServer> {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const services = DEFINITIONS.map((definition): ServedService => {
    const methods = Object.entries(definition.methods).map(([name, { responseStream }]) => [
      name,
      responseStream ? emptyStream : () => Promise.resolve({}),
    ]);
    const all = { ...Object.fromEntries(methods), ...handlers } as never;
    return implement(definition as (typeof DEFINITIONS)[0], all);
  });
  const server = await serve({ name: 'test', services, logger: pino({ level: 'debug' }, sink), ...options });
  return Object.assign(server, { lines });
}

async function* emptyStream(): AsyncGenerator<object> {
  yield await Promise.resolve({});
}
