import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { load, type PackageDefinition } from '@grpc/proto-loader';
import type { ServiceName } from '@cassl/cli';
import type { Lookup, MessageDescriptor } from './hostile-message.ts';

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

type Definition = grpc.MethodDefinition<object, object> & {
  readonly requestType: { readonly type: MessageDescriptor };
};

export interface PlatformMethod {
  /** Without its package. */
  readonly service: string;
  readonly path: string;
  readonly request: MessageDescriptor;
  serialize(message: object): Buffer;
}

export interface PlatformMethods {
  readonly methods: readonly PlatformMethod[];
  readonly lookup: Lookup;
  /** Sends the bytes as one message and waits for the end; `wrong` says why no call may end like that. */
  call(method: PlatformMethod, bytes: Buffer): Promise<grpc.StatusObject & { readonly wrong?: string }>;
  close(): void;
}

/** Every method of every service, by the .proto files alone. @param addressOf `host:port` of a service */
export async function openMethods(addressOf: (service: ServiceName) => string): Promise<PlatformMethods> {
  const definition = await load(FILES, { includeDirs: [PROTO], keepCase: true });
  const watches = new Set<PlatformMethod>();
  const methods = definitionsOf(definition).map(([service, one]): PlatformMethod => {
    const method = {
      service,
      path: one.path,
      request: one.requestType.type,
      serialize: (message: object) => one.requestSerialize(message),
    };
    if (one.responseStream && !one.requestStream) watches.add(method);
    return method;
  });
  const clients = new Map<string, grpc.Client>();
  const clientOf = (service: string): grpc.Client => {
    const known = clients.get(service);
    if (known !== undefined) return known;
    const address = addressOf(HOME[service] ?? 'registry');
    const client = new grpc.Client(address, grpc.credentials.createInsecure());
    clients.set(service, client);
    return client;
  };
  return {
    methods,
    lookup: (name) => messageOf(definition, name),
    async call(method, bytes) {
      const isWatch = watches.has(method);
      const status = await send(clientOf(method.service), method.path, bytes, isWatch ? WATCH_MS : LIMIT_MS);
      const hangs = status.code === grpc.status.DEADLINE_EXCEEDED && !isWatch;
      if (!FORBIDDEN.includes(status.code) && !hangs) return status;
      return {
        ...status,
        wrong: `${method.path}: ${grpc.status[status.code]} ${status.details.slice(0, 200)}`,
      };
    },
    close: () => clients.forEach((client) => client.close()),
  };
}

function definitionsOf(definition: PackageDefinition): (readonly [string, Definition])[] {
  return Object.entries(definition).flatMap(([name, entry]) =>
    'format' in entry
      ? []
      : Object.values(entry).map(
          (method) => [name.slice(name.lastIndexOf('.') + 1), method as unknown as Definition] as const,
        ),
  );
}

/** proto-loader keeps nested names relative: looked for from the outside in. */
function messageOf(definition: PackageDefinition, name: string): MessageDescriptor | undefined {
  const plain = name.replace(/^\./, '');
  const key = Object.keys(definition).find((known) => known === plain || known.endsWith(`.${plain}`));
  const entry = key === undefined ? undefined : definition[key];
  return entry !== undefined && 'format' in entry ? (entry.type as MessageDescriptor) : undefined;
}

function send(client: grpc.Client, path: string, bytes: Buffer, limitMs: number): Promise<grpc.StatusObject> {
  const plain = (value: Buffer): Buffer => value;
  return new Promise((resolve) => {
    // Every kind of call is a stream of one message for the wire.
    const call = client.makeBidiStreamRequest(path, plain, plain, { deadline: Date.now() + limitMs });
    call.on('data', () => undefined);
    call.on('error', () => undefined);
    call.on('status', resolve);
    call.write(bytes);
    call.end();
  });
}
