import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { load, type PackageDefinition } from '@grpc/proto-loader';
import type { ServiceName } from '@cassl/cli';
import type { FuzzTarget } from './fuzz-target.ts';
import { hostileMessage, type MessageDescriptor } from './hostile-message.ts';
import type { Random } from './random.ts';

const PROTO = join(import.meta.dirname, '../../proto');
const FILES = [
  ...['detector', 'evaluator', 'labeler', 'labels', 'pipeline', 'registry', 'trainer'].map(
    (name) => `cassl/v1/${name}.proto`,
  ),
  'inference/v2/inference.proto',
  'externalscaler/externalscaler.proto',
];
/** Where each service is served. */
const HOME: Readonly<Record<string, ServiceName>> = {
  RegistryService: 'registry',
  DetectorService: 'labeler',
  LabelerService: 'labeler',
  LabelSetService: 'labeler',
  GRPCInferenceService: 'labeler',
  ExternalScaler: 'labeler',
  EvaluatorService: 'evaluator',
  PipelineService: 'trainer',
  TrainerService: 'trainer',
};
/** Calls that do not end by themselves end here; any other one that takes longer hangs. */
const LIMIT_MS = 120_000;
const WATCH_MS = 100;
/** What no caller may get, whatever it sends. */
const FORBIDDEN = [grpc.status.INTERNAL, grpc.status.UNKNOWN, grpc.status.DATA_LOSS];

interface Method extends grpc.MethodDefinition<object, object> {
  readonly requestType: { readonly type: MessageDescriptor };
}

/**
 * Random methods of every service with hostile requests, a tenth of them damaged after they were serialized.
 * @param addressOf `host:port` of a service
 * @param texts more texts for fields of text, for example the alias of a checkpoint that exists
 */
export async function callTarget(
  addressOf: (service: ServiceName) => string,
  texts: readonly string[] = [],
): Promise<FuzzTarget> {
  const definition = await load(FILES, { includeDirs: [PROTO], keepCase: true });
  const methods = methodsOf(definition);
  const lookup = (name: string): MessageDescriptor | undefined => messageOf(definition, name);
  const clients = new Map<string, grpc.Client>();
  return {
    name: 'calls',
    async run(random) {
      const { service, method } = random.pick(methods);
      const message = hostileMessage(random, method.requestType.type, { lookup, texts });
      const bytes = damageSome(random, method.requestSerialize(message));
      let client = clients.get(service);
      if (client === undefined) {
        const address = addressOf(HOME[service] ?? 'registry');
        client = new grpc.Client(address, grpc.credentials.createInsecure());
        clients.set(service, client);
      }
      const status = await send(client, method, bytes);
      const code = grpc.status[status.code];
      const hangs = status.code === grpc.status.DEADLINE_EXCEEDED && !isWatch(method);
      if (!FORBIDDEN.includes(status.code) && !hangs) return { code };
      const request = JSON.stringify(message).slice(0, 400);
      return { code, wrong: `${method.path}: ${status.details.slice(0, 200)} for ${request}` };
    },
    close: () => clients.forEach((client) => client.close()),
  };
}

function methodsOf(definition: PackageDefinition): { service: string; method: Method }[] {
  return Object.entries(definition).flatMap(([name, entry]) =>
    'format' in entry
      ? []
      : Object.values(entry).map((method) => ({
          service: name.slice(name.lastIndexOf('.') + 1),
          method: method as unknown as Method,
        })),
  );
}

/** proto-loader keeps nested names relative: looked for from the outside in. */
function messageOf(definition: PackageDefinition, name: string): MessageDescriptor | undefined {
  const plain = name.replace(/^\./, '');
  const key = Object.keys(definition).find((known) => known === plain || known.endsWith(`.${plain}`));
  const entry = key === undefined ? undefined : definition[key];
  return entry !== undefined && 'format' in entry ? (entry.type as MessageDescriptor) : undefined;
}

function isWatch(method: Method): boolean {
  return method.responseStream && !method.requestStream;
}

function damageSome(random: Random, bytes: Buffer): Buffer {
  if (random.next() > 0.1 || bytes.length === 0) return bytes;
  const copy = Buffer.from(bytes);
  for (let flip = random.below(4); flip >= 0; flip--) copy[random.below(copy.length)] = random.below(256);
  return random.next() < 0.3 ? copy.subarray(0, random.below(copy.length)) : copy;
}

function send(client: grpc.Client, method: Method, bytes: Buffer): Promise<grpc.StatusObject> {
  const plain = (value: Buffer): Buffer => value;
  const options = { deadline: Date.now() + (isWatch(method) ? WATCH_MS : LIMIT_MS) };
  return new Promise((resolve) => {
    // Every kind of call is a stream of one message for the wire.
    const call = client.makeBidiStreamRequest(method.path, plain, plain, options);
    call.on('data', () => undefined);
    call.on('error', () => undefined);
    call.on('status', resolve);
    call.write(bytes);
    call.end();
  });
}
