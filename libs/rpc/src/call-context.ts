import type { Identity } from './identity/identity.ts';
import type { Logger } from './logger.ts';

/** What every handler finds in its context besides nice-grpc's own `signal`, `metadata` and `peer`. */
export interface ServiceContext {
  /** Names this call in logs and in INTERNAL errors: the client's `x-call-id`, or one made here. */
  readonly callId: string;
  /** When the caller stops waiting: Unix time in milliseconds, Infinity for never. */
  readonly deadlineAt: number;
  /** Bound to the call id and method. */
  readonly log: Logger;
  /** Who calls; it has the method's scope (`METHOD_SCOPES`). */
  readonly identity: Identity;
  /**
   * Aborted when the service begins to stop. Streams that would never end by themselves (watches) must end then; the
   * client gets UNAVAILABLE and asks again elsewhere. Calls that end by themselves may go on until the drain time is over.
   */
  readonly stopping: AbortSignal;
}
