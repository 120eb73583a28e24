import { parseJson, type FastifyInstance, type FastifyRequest } from '@cassl/http';
import { z } from 'zod';
import { noCuda, NO_REGIONS, type SharedRegions } from '../shared-memory/regions.ts';
import { asInfer } from './rest-caller.ts';
import { snakeCase } from './snake-case.ts';

const registrationSchema = z.object({
  key: z.string().default(''),
  offset: z.number().default(0),
  byte_size: z.number().default(0),
});

/** Regions of this machine's shared memory; of CUDA's there are none. */
export function sharedMemoryRoutes(app: FastifyInstance, regions: SharedRegions): void {
  for (const [kind, known] of [
    ['systemsharedmemory', regions],
    ['cudasharedmemory', NO_REGIONS],
  ] as const) {
    const list = (name: string): unknown[] => known.list(name).map(snakeCase);
    app.get(`/v2/${kind}/status`, asInfer, () => Promise.resolve(list('')));
    app.get(`/v2/${kind}/region/:name/status`, asInfer, (request) => Promise.resolve(list(nameOf(request))));
    app.post(`/v2/${kind}/region/:name/register`, asInfer, (request) => {
      if (kind === 'cudasharedmemory') throw noCuda(`POST ${request.url.slice(0, 200)}`);
      const {
        key,
        offset,
        byte_size: byteSize,
      } = parseJson((request.body ?? Buffer.from('{}')) as Buffer, registrationSchema);
      known.register({ name: nameOf(request), key, offset, byteSize });
      return Promise.resolve('');
    });
    app.post(`/v2/${kind}/unregister`, asInfer, () => {
      known.unregister('');
      return Promise.resolve('');
    });
    app.post(`/v2/${kind}/region/:name/unregister`, asInfer, (request) => {
      known.unregister(nameOf(request));
      return Promise.resolve('');
    });
  }
}

function nameOf({ params }: FastifyRequest): string {
  return (params as { readonly name: string }).name;
}
