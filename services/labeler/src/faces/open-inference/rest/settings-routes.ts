import { parseJson, type FastifyInstance, type FastifyRequest } from '@cassl/http';
import { z } from 'zod';
import { LOG_SETTINGS, refuseChanges, TRACE_SETTINGS, type SettingKind } from '../server-settings.ts';
import { asAdmin } from './rest-caller.ts';

const settingsSchema = z.record(z.string(), z.unknown());

/** Trace and log settings can be read. */
export function settingsRoutes(app: FastifyInstance): void {
  app.get('/v2/trace/setting', asAdmin, () => Promise.resolve(TRACE_SETTINGS));
  app.post('/v2/trace/setting', asAdmin, (request) => {
    refuseChangesIn('trace', request);
    return Promise.resolve(TRACE_SETTINGS);
  });
  app.get('/v2/logging', asAdmin, () => Promise.resolve(LOG_SETTINGS));
  app.post('/v2/logging', asAdmin, (request) => {
    refuseChangesIn('log', request);
    return Promise.resolve(LOG_SETTINGS);
  });
}

/** @throws INVALID_ARGUMENT, UNIMPLEMENTED naming the first setting that is not right or that somebody wants to change */
export function refuseChangesIn(kind: SettingKind, { body }: FastifyRequest): void {
  const bytes = body as Buffer | undefined;
  if (bytes !== undefined && bytes.length > 0) refuseChanges(kind, parseJson(bytes, settingsSchema));
}
