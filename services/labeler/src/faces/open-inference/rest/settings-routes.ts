import { failedPrecondition } from '@cassl/errors';
import { parseJson, type FastifyInstance, type FastifyRequest } from '@cassl/http';
import { z } from 'zod';
import { refuseRegion } from '../manage-models.ts';
import { LOG_SETTINGS, refuseChange, TRACE_SETTINGS } from '../server-settings.ts';
import { asAdmin, asInfer } from './rest-caller.ts';

const settingsSchema = z.record(z.string(), z.unknown());

/** Trace and log settings can be read; shared memory is disabled. */
export function settingsRoutes(app: FastifyInstance): void {
  app.get('/v2/trace/setting', asAdmin, () => Promise.resolve(TRACE_SETTINGS));
  app.post('/v2/trace/setting', asAdmin, changeTrace);
  app.get('/v2/logging', asAdmin, () => Promise.resolve(LOG_SETTINGS));
  app.post('/v2/logging', asAdmin, (request) => {
    refuseChange('log', namesIn(request));
    return Promise.resolve(LOG_SETTINGS);
  });
  for (const kind of ['systemsharedmemory', 'cudasharedmemory']) {
    app.get(`/v2/${kind}/status`, asInfer, () => Promise.resolve([]));
    app.get(`/v2/${kind}/region/:name/status`, asInfer, (request) => {
      throw failedPrecondition(`region ${nameOf(request)} is not registered: shared memory is disabled here`);
    });
    app.post(`/v2/${kind}/region/:name/register`, asInfer, (request) => refuseRegion(nameOf(request)));
    app.post(`/v2/${kind}/unregister`, asInfer, () => Promise.resolve(''));
    app.post(`/v2/${kind}/region/:name/unregister`, asInfer, () => Promise.resolve(''));
  }
}

/** @throws UNIMPLEMENTED naming the first setting that somebody wants to change */
export function changeTrace(request: FastifyRequest): Promise<typeof TRACE_SETTINGS> {
  refuseChange('trace', namesIn(request));
  return Promise.resolve(TRACE_SETTINGS);
}

function namesIn({ body }: FastifyRequest): string[] {
  return body === undefined ? [] : Object.keys(parseJson(body as Buffer, settingsSchema));
}

function nameOf({ params }: FastifyRequest): string {
  return (params as { readonly name: string }).name;
}
