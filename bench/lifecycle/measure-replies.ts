import { GRPCInferenceServiceDefinition, type ModelInferResponse } from '@cassl/proto/inference';
import { createClient } from '@cassl/rpc';
import { startServer } from '../serving/start-server.ts';

export interface MeasuredReplies {
  readonly asked: number;
  /** Answers to a question that somebody else has asked. */
  readonly wrong: number;
  readonly seconds: number;
}

const CALLERS = 64;
const CONNECTIONS = 4;
const WIDTHS = 97;
const HEIGHTS = 89;

/**
 * Asks about pictures of which no two have one size at the same time, from many callers over several connections. The model's only box
 * is the whole picture, so that an answer says which question it is one to.
 */
export async function measureReplies(asked: number): Promise<MeasuredReplies> {
  const server = await startServer('ours.ts', { maxBatch: 8 });
  const clients = Array.from({ length: CONNECTIONS }, () =>
    createClient(GRPCInferenceServiceDefinition, server.address),
  );
  const startedAt = performance.now();
  let next = 0;
  let wrong = 0;
  const caller = async (_: unknown, place: number): Promise<void> => {
    const client = clients[place % CONNECTIONS];
    for (let index = next++; index < asked && client !== undefined; index = next++) {
      const [width, height] = [1 + (index % WIDTHS), 1 + (Math.floor(index / WIDTHS) % HEIGHTS)];
      const answer = await client.modelInfer(questionOf(width, height, String(index)), {
        deadlineMs: 120_000,
      });
      if (!isAnswerTo(answer, width, height, String(index))) wrong += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: CALLERS }, caller));
    return { asked, wrong, seconds: (performance.now() - startedAt) / 1000 };
  } finally {
    for (const client of clients) client.close();
    await server.stop();
  }
}

function questionOf(width: number, height: number, id: string) {
  return {
    modelName: 'm',
    modelVersion: '',
    id,
    parameters: {},
    inputs: [
      {
        name: 'pixels',
        datatype: 'UINT8',
        shape: ['1', String(height), String(width), '3'],
        parameters: {},
        contents: undefined,
      },
    ],
    outputs: [{ name: 'boxes', parameters: {} }],
    rawInputContents: [Buffer.alloc(width * height * 3)],
  };
}

function isAnswerTo(
  { id, rawOutputContents }: ModelInferResponse,
  width: number,
  height: number,
  asked: string,
) {
  const box = Buffer.from(rawOutputContents[0] ?? []);
  return id === asked && box.length === 16 && box.readFloatLE(8) === width && box.readFloatLE(12) === height;
}
