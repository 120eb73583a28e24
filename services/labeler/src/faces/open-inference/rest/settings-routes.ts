import { parseJson, type FastifyInstance, type FastifyRequest } from '@cassl/http';
import { z } from 'zod';
import { LOG_SETTINGS, refuseChange, TRACE_SETTINGS } from '../server-settings.ts';
import { asAdmin } from './rest-caller.ts';

const settingsSchema = z.record(z.string(), z.unknown());

/** Trace and log settings can be read. */
export function settingsRoutes(app: FastifyInstance): void {
  app.get('/v2/trace/setting', asAdmin, () => Promise.resolve(TRACE_SETTINGS));
  app.post('/v2/trace/setting', asAdmin, changeTrace);
  app.get('/v2/logging', asAdmin, () => Promise.resolve(LOG_SETTINGS));
  app.post('/v2/logging', asAdmin, (request) => {
    refuseChange('log', namesIn(request));
    return Promise.resolve(LOG_SETTINGS);
  });
}

/** @throws UNIMPLEMENTED naming the first setting that somebody wants to change */
export function changeTrace(request: FastifyRequest): Promise<typeof TRACE_SETTINGS> {
  refuseChange('trace', namesIn(request));
  return Promise.resolve(TRACE_SETTINGS);
}

function namesIn({ body }: FastifyRequest): string[] {
  return body === undefined ? [] : Object.keys(parseJson(body as Buffer, settingsSchema));
}
