import { isCasslError } from '@cassl/errors';
import type { Logger } from '../logger.ts';
import { isChange } from './method-scopes.ts';

export interface AuditedCall {
  readonly method: string;
  /** Undefined where the caller could not be told. */
  readonly who: string | undefined;
  /** gRPC status name. */
  readonly code: string;
  /** `details.reason` of the error, for example "QUOTA_REQUESTS". */
  readonly reason?: string | undefined;
  readonly request?: unknown;
}

/** Fields of requests that say what a change is about; nothing else of a request is logged. */
const NAMES = ['id', 'alias', 'digest', 'reference', 'checkpoint'] as const;
const REFUSED = ['UNAUTHENTICATED', 'PERMISSION_DENIED'];
/** Refused for who asks, and not for want of room. */
const REASONS = ['QUOTA_REQUESTS', 'QUOTA_IMAGES', 'QUOTA_JOBS', 'ISSUER_AWAY'];
const MAX_SHOWN = 256;

/**
 * Writes one line with `audit: true` for each call that changes something, and for each one that was refused to who asks: who, what,
 * how it ended. Calls beyond a quota are in it, calls beyond what the service has room for are not.
 */
export function audit(log: Logger, { method, who, code, reason, request }: AuditedCall): void {
  if (!isChange(method) && !isRefusal(code, reason)) return;
  const about: Record<string, string> = {};
  for (const name of NAMES) {
    const value = (request as Record<string, unknown> | undefined)?.[name];
    if (typeof value === 'string' && value !== '') about[name] = value.slice(0, MAX_SHOWN);
  }
  const why = reason === undefined ? {} : { reason };
  log.info({ audit: true, who: who ?? 'unknown', code, ...why, ...about }, 'audit');
}

/** The same for a request over HTTP that was refused. @param method for example "POST /v1/detect", without the query */
export function auditHttpRefusal(log: Logger, method: string, refusal: HttpRefusal): void {
  const { who, code, reason } = refusal;
  if (!isRefusal(code, reason)) return;
  log.info(
    { audit: true, method, who: who ?? 'unknown', code, ...(reason === undefined ? {} : { reason }) },
    'audit',
  );
}

export type HttpRefusal = Pick<AuditedCall, 'who' | 'code' | 'reason'>;

/** What an error says of its reason to programs. */
export function reasonOf(error: unknown): string | undefined {
  const reason = isCasslError(error) ? error.details['reason'] : undefined;
  return typeof reason === 'string' ? reason : undefined;
}

function isRefusal(code: string, reason: string | undefined): boolean {
  return REFUSED.includes(code) || (reason !== undefined && REASONS.includes(reason));
}
