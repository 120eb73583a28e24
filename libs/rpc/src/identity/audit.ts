import type { Logger } from '../logger.ts';
import { isChange } from './method-scopes.ts';

export interface AuditedCall {
  readonly method: string;
  /** Undefined where the caller could not be told. */
  readonly who: string | undefined;
  /** gRPC status name. */
  readonly code: string;
  readonly request: unknown;
}

/** Fields of requests that say what a change is about; nothing else of a request is logged. */
const NAMES = ['id', 'alias', 'digest', 'reference', 'checkpoint'] as const;
const REFUSED = ['UNAUTHENTICATED', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED'];
const MAX_SHOWN = 256;

/**
 * Writes one line with `audit: true` for each call that changes something, and for each one that was refused: who, what,
 * how it ended.
 */
export function audit(log: Logger, { method, who, code, request }: AuditedCall): void {
  if (!isChange(method) && !REFUSED.includes(code)) return;
  const about: Record<string, string> = {};
  for (const name of NAMES) {
    const value = (request as Record<string, unknown> | undefined)?.[name];
    if (typeof value === 'string' && value !== '') about[name] = value.slice(0, MAX_SHOWN);
  }
  log.info({ audit: true, who: who ?? 'unknown', code, ...about }, 'audit');
}
