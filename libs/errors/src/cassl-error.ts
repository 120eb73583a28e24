/** gRPC status names (https://grpc.io/docs/guides/status-codes), so that an error's meaning survives every hop. */
export type ErrorCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED';

export interface CasslErrorOptions {
  /** What was caught, kept for the operator's log and never sent to a client. */
  readonly cause?: unknown;
  /** Machine-readable facts, for example `{ requestedBytes: 1073741824 }`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The one error class that the domain throws: `message` names the field, the value and the bound. */
export class CasslError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: CasslErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CasslError';
    this.code = code;
    this.details = options.details ?? {};
  }
}
