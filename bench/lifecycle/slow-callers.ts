/**
 * Callers that harm: `fork('slow-callers.ts', [address, count])` opens `count` streams that ask and never read an answer, and as many that
 * never ask, and says so once all are open and every question that the server takes has been sent.
 */
import { Client, credentials } from '@grpc/grpc-js';
import { ModelInferRequest } from '@cassl/proto/inference';
import { encodeJpeg } from '@cassl/vision';

const [address = '', count = '0'] = process.argv.slice(2);
const STREAM = '/inference.GRPCInferenceService/ModelStreamInfer';
/** More than the server takes from a reader that stops. */
const QUESTIONS = 100;
const STREAMS_A_CONNECTION = 100;
const SIDE = 96;

const same = (bytes: Buffer): Buffer => bytes;
const noise = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, index) => (index * 7919) % 251);
const image = await encodeJpeg({ width: SIDE, height: SIDE, data: noise }, { quality: 80 });
const element = Buffer.alloc(4 + image.length);
element.writeUInt32LE(image.length);
element.set(image, 4);
const question = Buffer.from(
  ModelInferRequest.encode({
    modelName: 'm',
    modelVersion: '',
    id: '',
    parameters: {},
    inputs: [{ name: 'image', datatype: 'BYTES', shape: ['1'], parameters: {}, contents: undefined }],
    outputs: [],
    rawInputContents: [element],
  }).finish(),
);

for (let opened = 0; opened < Number(count); opened += STREAMS_A_CONNECTION) {
  const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  for (let index = 0; index < Math.min(STREAMS_A_CONNECTION, Number(count) - opened); index++) {
    const [deaf, mute] = [0, 1].map(() => client.makeBidiStreamRequest(STREAM, same, same));
    for (const stream of [deaf, mute]) stream?.on('error', () => undefined);
    for (let turn = 0; turn < QUESTIONS; turn++) deaf?.write(question);
  }
  // The calls of one connection leave before the next one opens.
  await new Promise((resolve) => setTimeout(resolve, 100));
}
process.send?.({ open: 2 * Number(count) });
process.once('disconnect', () => process.exit(0));
