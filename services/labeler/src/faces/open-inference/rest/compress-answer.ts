import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';

const ENCODERS = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;

/** Compresses an answer as far as the client asks for it, in its order; what it does not ask for costs nothing. */
export async function compressAnswer(
  body: Buffer,
  acceptEncoding: string | undefined,
): Promise<{ readonly body: Buffer; readonly encoding: string | undefined }> {
  const asked = (acceptEncoding ?? '').split(',').map((name) => name.trim().split(';')[0]);
  const encoding = asked.find(
    (name): name is keyof typeof ENCODERS => name !== undefined && Object.hasOwn(ENCODERS, name),
  );
  return encoding === undefined
    ? { body, encoding }
    : { body: await ENCODERS[encoding](body, { level: 1 }), encoding };
}
