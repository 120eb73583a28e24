import { CasslError } from '@cassl/errors';
import type { MiddlewareHandler } from 'hono';

/** What the page sends with every change; another site's page cannot send it without being asked first, and nobody answers that. */
const OWN_HEADER = 'x-cassl-console';

/** Refuses changes that the console's own page did not ask for. */
export const refuseForeignChanges: MiddlewareHandler = async ({ req }, next) => {
  const isChange = req.method !== 'GET' && req.method !== 'HEAD';
  const site = req.header('sec-fetch-site') ?? 'same-origin';
  const isForeign = site !== 'same-origin' && site !== 'none';
  if (isChange && (isForeign || req.header(OWN_HEADER) === undefined)) {
    throw refused(`changes need the header ${OWN_HEADER}, sent from a page of the console itself`);
  }
  await next();
};

/** On loopback nobody signs in: a name of another site that resolves to this machine is refused (DNS rebinding). */
export function refuseForeignHosts(host: string): MiddlewareHandler {
  const isLoopback = /^(127\.|localhost$|::1$)/.test(host);
  return async ({ req }, next) => {
    const { hostname } = new URL(req.url);
    if (isLoopback && !/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname)) {
      throw refused(`this console answers on this machine only, not as ${JSON.stringify(hostname)}`);
    }
    await next();
  };
}

function refused(message: string): CasslError {
  return new CasslError('PERMISSION_DENIED', message);
}
