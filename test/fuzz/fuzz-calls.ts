import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { load, type PackageDefinition } from '@grpc/proto-loader';
import { hostileMessage, type MessageDescriptor } from './hostile-message.ts';
import { createRandom, type Random } from './random.ts';

const PROTO = join(import.meta.dirname, '../../proto');
const FILES = ['detector', 'evaluator', 'labeler', 'pipeline', 'registry', 'trainer'];
/** Calls that do not end by themselves end here; any other one that takes longer hangs. */
const LIMIT_MS = 20_000;
const WATCH_MS = 300;
/** What no caller may get, whatever it sends. */
const FORBIDDEN = [grpc.status.INTERNAL, grpc.status.UNKNOWN, grpc.status.DATA_LOSS];

export interface Finding {
  readonly method: string;
  readonly code: string;
  readonly message: string;
  readonly request: string;
}

interface Method extends grpc.MethodDefinition<object, object> {
  readonly requestType: { readonly type: MessageDescriptor };
}

/**
 * Calls random methods of every service with hostile requests, a tenth of them damaged after they were serialized.
 * @param addressOf `host:port` by service, for example "LabelerService"
 * @returns what ended in a way that no request may cause; the same seed sends the same requests
 */
export async function fuzzCalls(options: {
  readonly seed: number;
  readonly count: number;
  readonly addressOf: (service: string) => string;
}): Promise<{ readonly findings: Finding[]; readonly codes: Record<string, number> }> {
  const random = createRandom(options.seed);
  const definition = await load(
    FILES.map((name) => `cassl/v1/${name}.proto`),
    { includeDirs: [PROTO], keepCase: true },
  );
  const methods = methodsOf(definition);
  const lookup = (name: string): MessageDescriptor | undefined => messageOf(definition, name);
  const clients = new Map<string, grpc.Client>();
  const findings: Finding[] = [];
  const codes: Record<string, number> = {};
  for (let call = 0; call < options.count; call++) {
    const { service, method } = random.pick(methods);
    const message = hostileMessage(random, method.requestType.type, lookup);
    const bytes = damage(random, method.requestSerialize(message));
    let client = clients.get(service);
    if (client === undefined) {
      client = new grpc.Client(options.addressOf(service), grpc.credentials.createInsecure());
      clients.set(service, client);
    }
    const status = await send(client, method, bytes);
    const code = grpc.status[status.code];
    codes[code] = (codes[code] ?? 0) + 1;
    const hangs = status.code === grpc.status.DEADLINE_EXCEEDED && !isWatch(method);
    if (!FORBIDDEN.includes(status.code) && !hangs) continue;
    const request = JSON.stringify(message).slice(0, 400);
    findings.push({ method: method.path, code, message: status.details.slice(0, 200), request });
  }
  for (const client of clients.values()) client.close();
  return { findings, codes };
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

function damage(random: Random, bytes: Buffer): Buffer {
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
