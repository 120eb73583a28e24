export { CasslError, type ErrorCode, type CasslErrorOptions } from './cassl-error.ts';
export {
  invalidArgument,
  notFound,
  alreadyExists,
  failedPrecondition,
  resourceExhausted,
  unavailable,
  aborted,
  cancelled,
  dataLoss,
  unimplemented,
  internal,
  deadlineExceeded,
} from './constructors.ts';
export { errorMessage, errorCode, isCasslError } from './inspect.ts';
export { withoutUserInfo } from './without-user-info.ts';
export { outlook, type Outlook } from './outlook.ts';
