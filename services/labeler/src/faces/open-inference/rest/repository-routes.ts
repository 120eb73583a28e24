import { parseJson, type FastifyInstance, type FastifyRequest } from '@cassl/http';
import { notFound } from '@cassl/errors';
import { z } from 'zod';
import type { Inference } from '../ask-images.ts';
import { indexModels, loadModel, unloadModel } from '../manage-models.ts';
import { asAdmin, asRead } from './rest-caller.ts';

const indexSchema = z.object({ ready: z.boolean().default(false) });
const loadSchema = z.object({ parameters: z.record(z.string(), z.unknown()).default({}) });
const EMPTY = Buffer.from('{}');

/** `/v2/repository/…` */
export function repositoryRoutes(app: FastifyInstance, inference: Inference): void {
  app.post('/v2/repository/index', asRead, (request) => {
    const { ready } = parseJson(bodyOf(request), indexSchema);
    return Promise.resolve(indexModels(inference, ready));
  });
  app.post('/v2/repository/models/*', asAdmin, async (request) => {
    const tail = (request.params as { readonly '*': string })['*'];
    const [, name = '', action] = /^(.*)\/(load|unload)$/.exec(tail) ?? [];
    if (action === undefined)
      throw notFound(`POST ${request.url.slice(0, 200)} is not an address of this service: load or unload`);
    const { parameters } = parseJson(bodyOf(request), loadSchema);
    if (action === 'load') await loadModel(inference, name, Object.keys(parameters), request.caller.signal);
    else await unloadModel(inference, name);
    return '';
  });
}

function bodyOf({ body }: FastifyRequest): Buffer {
  const bytes = (body ?? EMPTY) as Buffer;
  return bytes.length === 0 ? EMPTY : bytes;
}
