import { Client, credentials } from '@grpc/grpc-js';
import { openTarget } from '@cassl/cli/load';

/** One image to a server, by the server's own protocol. */
export interface Asker {
  ask(image: Uint8Array, signal: AbortSignal): Promise<void>;
  close(): void;
}

export const askOurs = (address: string): Promise<Asker> => openTarget({ address, model: 'm' });

export function askBareGrpcio(address: string): Promise<Asker> {
  const client = new Client(address, credentials.createInsecure());
  const same = (bytes: Buffer): Buffer => bytes;
  return Promise.resolve({
    ask: (image, signal) =>
      new Promise((resolve, reject) => {
        const done = (error: Error | null): void => (error === null ? resolve() : reject(error));
        const call = client.makeUnaryRequest('/bench.Detector/Detect', same, same, Buffer.from(image), done);
        signal.addEventListener('abort', () => call.cancel());
      }),
    close: () => client.close(),
  });
}

export function askLitServe(address: string): Promise<Asker> {
  return Promise.resolve({
    async ask(image, signal) {
      const response = await fetch(`${address}/predict`, {
        method: 'POST',
        body: JSON.stringify({ image: Buffer.from(image).toString('base64') }),
        headers: { 'content-type': 'application/json' },
        signal,
      });
      if (!response.ok) throw new Error(`LitServe answered ${response.status}`);
      await response.arrayBuffer();
    },
    close: () => undefined,
  });
}
