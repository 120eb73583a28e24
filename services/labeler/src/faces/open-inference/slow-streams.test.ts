import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  credentials,
  loadPackageDefinition,
  type Client,
  type ClientDuplexStream,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import type { InferAnswer, InferRequest } from '@cassl/inference';
import { createLogger, serve, type RunningServer } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Inference } from './ask-images.ts';
import { openInferenceService } from './grpc-service.ts';

const PROTO = fileURLToPath(new URL('../../../../../proto/inference/v2/inference.proto', import.meta.url));
/** More by `CASSL_SLOW_CALLERS=1000`. */
const CALLERS = Number(process.env['CASSL_SLOW_CALLERS'] ?? 40);
const QUESTIONS = 60;
const MASK_BYTES = 2 ** 16;
const HELD_BYTES = 4 * 2 ** 20;
/** Messages that grpc-js's client takes in before anybody reads, and what a connection's window and the server's buffer hold. */
const IN_TRANSPORT = 16 + 4;
const STANDSTILL_MS = 60_000;
/** To write 60 questions and open two streams, on a machine that does other things. */
const MS_A_CALLER = 500;

const FOUND: InferAnswer = {
  model: { digest: 'd', categories: [{ id: 1, name: 'object' }] },
  width: 5,
  height: 4,
  detections: [
    {
      box: [0, 0, 5, 4],
      score: 1,
      category: 0,
      mask: { height: 4, width: 5, counts: '0'.repeat(MASK_BYTES) },
    },
  ],
  metadata: { batchSize: 1, paddingWaste: 0, queueMs: 0, inputMs: 0, computeMs: 0, outputMs: 0 },
};

const QUESTION = {
  model_name: 'm',
  inputs: [{ name: 'image', datatype: 'BYTES', shape: [1] }],
  raw_input_contents: [Buffer.from([1, 0, 0, 0, 7])],
};

type Streams = Client & { ModelStreamInfer(): ClientDuplexStream<unknown, unknown> };

let server: RunningServer;
let Service: ServiceClientConstructor;
let asked = 0;
const clients: Client[] = [];
const connect = (): Client => {
  // Channels of one address share a connection otherwise.
  const client = new Service(server.address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  clients.push(client);
  return client;
};

beforeAll(async () => {
  const inference = {
    infer: (_: InferRequest) => {
      asked += 1;
      return Promise.resolve(FOUND);
    },
    find: () => Promise.resolve({ ...FOUND.model, sizeBytes: 0, spec: { kind: 'no-op' } as const }),
  } as unknown as Inference;
  const services = [openInferenceService(inference, { streamBytes: HELD_BYTES })];
  server = await serve({ name: 'test', services, logger: createLogger({ name: 'test', level: 'silent' }) });
  const loaded = loadPackageDefinition(await load(PROTO, { keepCase: true, longs: Number, defaults: true }));
  Service = (loaded['inference'] as Record<string, ServiceClientConstructor>)[
    'GRPCInferenceService'
  ] as never;
});

afterAll(async () => {
  for (const client of clients) client.close();
  await server.stop({ drainMs: 0 });
});

/** However slow the machine is: gives up only where none has been answered for a while. */
async function untilAsked(count: number): Promise<void> {
  for (let [last, since] = [asked, Date.now()]; asked < count; await sleep(20)) {
    if (asked > last) [last, since] = [asked, Date.now()];
    if (Date.now() - since > STANDSTILL_MS)
      throw new Error(`${asked} questions of ${count} were asked, and no other in ${STANDSTILL_MS} ms`);
  }
}

function openStreams(count: number, client: Client): ClientDuplexStream<unknown, unknown>[] {
  return Array.from({ length: count }, () => {
    const stream = (client as Streams).ModelStreamInfer();
    stream.on('error', () => undefined);
    return stream;
  });
}

describe(`${CALLERS} streams that nobody reads and ${CALLERS} that send nothing`, () => {
  it(
    'leave the others alone, and what is computed ahead of them stays bounded',
    async () => {
      const deaf = openStreams(CALLERS, connect());
      const mute = openStreams(CALLERS, connect());
      for (const stream of deaf) for (let turn = 0; turn < QUESTIONS; turn++) stream.write(QUESTION);
      // Each has its first question answered, however much the others hold.
      await untilAsked(CALLERS);
      const other = connect() as Client & Record<string, (...args: unknown[]) => void>;
      for (let call = 0; call < 20; call++) {
        await new Promise<void>((resolve, reject) => {
          const request = { ...QUESTION, outputs: [{ name: 'boxes' }] };
          other['ModelInfer']?.(request, { deadline: Date.now() + 30_000 }, (error: Error | null) =>
            error === null ? resolve() : reject(error),
          );
        });
      }
      const ahead = asked - 20;
      expect(ahead).toBeLessThan(HELD_BYTES / MASK_BYTES + CALLERS * (1 + IN_TRANSPORT));
      expect(ahead).toBeLessThan((CALLERS * QUESTIONS) / 2);
      for (const stream of [...deaf, ...mute]) stream.cancel();
    },
    2 * STANDSTILL_MS + CALLERS * MS_A_CALLER,
  );
});
