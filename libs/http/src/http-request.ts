import type { HttpFailure, Identity, Scope } from '@cassl/rpc';

/** Whoever sends a request, and how long they wait. */
export interface HttpCaller {
  readonly identity: Identity;
  /** Aborted when the client goes away, and at `deadlineAt`. */
  readonly signal: AbortSignal;
  /** Unix time in milliseconds at which the answer must be there. */
  readonly deadlineAt: number;
  /** Takes places of the caller's quota for that many images until the answer is out. @throws RESOURCE_EXHAUSTED */
  takeImages(count: number): void;
  /** Runs when the answer is out or the client gone. */
  atEnd(action: () => void): void;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the caller must be allowed to; every route says it. `open`: nothing. */
    scope?: Scope | 'open';
    /** The body of an error as this route's clients understand it. @default `{"error": {"code", "message"}}` */
    failureBody?: (failure: HttpFailure) => unknown;
  }

  interface FastifyRequest {
    caller: HttpCaller;
  }
}
