import { CasslError, type CasslErrorOptions, type ErrorCode } from './cassl-error.ts';

type ErrorConstructorFunction = (message: string, options?: CasslErrorOptions) => CasslError;

function withCode(code: ErrorCode): ErrorConstructorFunction {
  return (message, options) => new CasslError(code, message, options);
}

/** The caller sent something that can never work: say which field, its value and its bound. */
export const invalidArgument: ErrorConstructorFunction = withCode('INVALID_ARGUMENT');
/** A named thing does not exist: say its name and where it was looked for. */
export const notFound: ErrorConstructorFunction = withCode('NOT_FOUND');
/** The id is taken by something different. */
export const alreadyExists: ErrorConstructorFunction = withCode('ALREADY_EXISTS');
/** The request is fine but the state is not: say what must be done first. */
export const failedPrecondition: ErrorConstructorFunction = withCode('FAILED_PRECONDITION');
/** A limit (memory, queue, size) is reached: say the limit. */
export const resourceExhausted: ErrorConstructorFunction = withCode('RESOURCE_EXHAUSTED');
/** Try again later: a peer is away or this service is stopping. */
export const unavailable: ErrorConstructorFunction = withCode('UNAVAILABLE');
/** A concurrent change won: read again and retry. */
export const aborted: ErrorConstructorFunction = withCode('ABORTED');
/** The caller, or a cancel request, stopped it. */
export const cancelled: ErrorConstructorFunction = withCode('CANCELLED');
/** Stored bytes are not what was written. */
export const dataLoss: ErrorConstructorFunction = withCode('DATA_LOSS');
/** Not offered by this build, engine or server. */
export const unimplemented: ErrorConstructorFunction = withCode('UNIMPLEMENTED');
/** A broken invariant of ours. */
export const internal: ErrorConstructorFunction = withCode('INTERNAL');
/** The time limit passed: say what was awaited and for how long. */
export const deadlineExceeded: ErrorConstructorFunction = withCode('DEADLINE_EXCEEDED');
