import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorCode, type CasslError, type ErrorCode } from '@cassl/errors';
import type { Authorizer } from './identity/authorizer.ts';
import { auditHttpRefusal, reasonOf } from './identity/audit.ts';
import { authorize, type Identity } from './identity/identity.ts';
import type { Scope } from './identity/scope.ts';
import type { Logger } from './logger.ts';
import { withPlainNumbers } from './plain-numbers.ts';
import { shownError } from './shown-error.ts';
import type { Quotas } from './identity/quotas.ts';

const MAX_PATH = 200;

/** As google.rpc.Code maps them. */
const HTTP_STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 416,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** `details.reason` of a RESOURCE_EXHAUSTED that no later attempt changes: the body is over the limit. */
export const TOO_LARGE = 'BODY_TOO_LARGE';

export interface HttpAccess {
  readonly authorizer: Authorizer;
  readonly quotas?: Quotas | undefined;
  /** Gets a line for each refusal. */
  readonly logger?: Logger | undefined;
}

/**
 * Who sends an HTTP request, and that they may. The token comes as `Authorization: Bearer …`, or as the password of basic
 * authentication, which is all that `docker login` and browsers can.
 * @param scope `open` asks for nothing
 * @throws UNAUTHENTICATED, PERMISSION_DENIED naming the missing scope, RESOURCE_EXHAUSTED
 */
export async function authorizeHttp(
  access: HttpAccess,
  request: IncomingMessage,
  scope: Scope,
): Promise<Identity> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '';
  const method = `${request.method ?? 'GET'} ${path.slice(0, MAX_PATH)}`;
  return authorizeRequest(access, { method, authorization: request.headers.authorization, scope });
}

export interface AskedFor {
  /** For the audit log: verb and path, without the query. */
  readonly method: string;
  readonly authorization: string | undefined;
  readonly scope: Scope;
}

/** `authorizeHttp` where there is no request of Node's. */
export async function authorizeRequest(
  { authorizer, quotas, logger }: HttpAccess,
  { method, authorization, scope }: AskedFor,
): Promise<Identity> {
  let who: string | undefined;
  try {
    const identity = await authorizer.identify(asBearer(authorization));
    who = identity.name;
    authorize(identity, scope);
    quotas?.countRequest(identity);
    return identity;
  } catch (error) {
    if (logger !== undefined)
      auditHttpRefusal(logger, method, { who, code: errorCode(error), reason: reasonOf(error) });
    throw error;
  }
}

function asBearer(authorization: string | undefined): string | undefined {
  const basic = /^Basic +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined) return authorization;
  const text = Buffer.from(basic, 'base64').toString('utf8');
  return `Bearer ${text.slice(text.indexOf(':') + 1)}`;
}

/** An error as an HTTP client may see it. */
export interface HttpFailure {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** `retry-after` where it says when, `www-authenticate` where a token is missing. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Of an error that is not for callers only the code is told. */
export function httpFailure(error: unknown): HttpFailure {
  const shown = shownError(error);
  const code = shown?.code ?? 'INTERNAL';
  const message =
    shown === undefined ? 'internal error; the service log has it' : withPlainNumbers(shown.message);
  const wait = shown === undefined ? undefined : retryAfterMs(shown);
  const isTooLarge = shown?.details['reason'] === TOO_LARGE;
  return {
    status: isTooLarge ? 413 : (HTTP_STATUS[code] ?? 500),
    code,
    message,
    headers: {
      ...(wait === undefined ? {} : { 'retry-after': String(Math.ceil(wait / 1000)) }),
      ...(code === 'UNAUTHENTICATED'
        ? { 'www-authenticate': 'Bearer realm="cassl", Basic realm="cassl"' }
        : {}),
    },
  };
}

/** Answers an error: its HTTP status and `{"error": {"code", "message"}}`. */
export function sendHttpError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, code, message, headers } = httpFailure(error);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(`${JSON.stringify({ error: { code, message } })}\n`);
}

function retryAfterMs({ code, details }: CasslError): number | undefined {
  const given = details['retryAfterMs'];
  if (typeof given === 'number') return given;
  return code === 'UNAVAILABLE' ? 1000 : undefined;
}
