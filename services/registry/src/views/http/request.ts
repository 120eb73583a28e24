import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity, Logger } from '@cassl/rpc';
import type { Registry } from '../../registry.ts';

/** What every view works with. */
export interface ViewContext {
  readonly registry: Registry;
  readonly logger: Logger;
  /** Stored files may be fetched from the object store by signed addresses; default true. */
  readonly redirects?: boolean;
}

/** One request, taken apart. */
export interface ViewRequest extends ViewContext {
  readonly identity: Identity;
  readonly method: string;
  /** Segments of the path, decoded one by one: an encoded slash stays inside its segment. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** `http://host:port` as the client called it. */
  readonly origin: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export interface View {
  /** First segments of the paths that are its own. */
  owns(path: readonly string[]): boolean;
  handle(request: ViewRequest): Promise<void>;
  /** The answer to an error in the form that this view's clients understand. */
  fail(request: ViewRequest, failure: Failure): void;
}

export interface Failure {
  readonly status: number;
  /** Safe to show. */
  readonly message: string;
  readonly error: unknown;
}

/**
 * @returns `undefined` for a path that no view can mean: bad escapes, control characters, `.`, `..`, backslashes, empty
 *   segments but the last
 */
export function splitPath(pathname: string): string[] | undefined {
  const segments: string[] = [];
  for (const raw of pathname.slice(1).split('/')) {
    let segment: string;
    try {
      segment = decodeURIComponent(raw);
    } catch {
      return undefined;
    }
    const parts = segment.split('/');

    if (/[\u0000-\u001f\u007f\\]/.test(segment) || parts.some((part) => part === '.' || part === '..')) {
      return undefined;
    }
    segments.push(segment);
  }
  if (segments.at(-1) === '') segments.pop();
  return segments.includes('') ? undefined : segments;
}
