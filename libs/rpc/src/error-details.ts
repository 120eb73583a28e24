import { type CasslError, isCasslError } from '@cassl/errors';
import { withPlainNumbers } from './plain-numbers.ts';
import { BadRequest, ErrorInfo, RetryInfo, type ErrorDetails } from 'nice-grpc-error-details';

/** `ErrorInfo.domain` of everything that the platform says. */
const ERROR_DOMAIN = 'cassl.v1';

/** When to ask again where nobody said it better. */
const RETRY_AFTER_MS = 1000;
/** Trailers of more than 8 KiB are dropped by many clients, and the message travels twice. */
const MAX_DESCRIPTION = 500;
/** Characters of a field's name or a fact. */
const MAX_FACT = 200;

/**
 * What an error says to programs (google.rpc): `ErrorInfo` always, with `details.reason` or the code as the reason;
 * `BadRequest` with the field for INVALID_ARGUMENT and OUT_OF_RANGE; `RetryInfo` for UNAVAILABLE and where
 * `details.retryAfterMs` says when.
 */
export function errorDetails(error: CasslError, callId: string): ErrorDetails[] {
  const details: ErrorDetails[] = [
    {
      $type: ErrorInfo.$type,
      reason: textOf(error.details['reason'])?.slice(0, MAX_FACT) ?? error.code,
      domain: ERROR_DOMAIN,
      metadata: { callId, ...factsOf(error) },
    },
  ];
  if (error.code === 'INVALID_ARGUMENT' || error.code === 'OUT_OF_RANGE') {
    const description = withPlainNumbers(error.message).slice(0, MAX_DESCRIPTION);
    // The keys of maps are names of fields too, and may be as long as a caller likes.
    const field = fieldOf(error).slice(0, MAX_FACT);
    const violation = BadRequest.fromPartial({ fieldViolations: [{ field, description }] });
    details.push(violation);
  }
  const wait = error.details['retryAfterMs'] ?? (error.code === 'UNAVAILABLE' ? RETRY_AFTER_MS : undefined);
  if (typeof wait === 'number') {
    const retryDelay = { seconds: Math.floor(wait / 1000), nanos: Math.round(wait % 1000) * 1e6 };
    details.push(RetryInfo.fromPartial({ retryDelay }));
  }
  return details;
}

/**
 * The field that an error names: `details.field`, else the path that its message starts with, as the house style wants it
 * ("TrainingSpec.schedule.iterations must be …"). Empty where there is none.
 */
function fieldOf(error: unknown): string {
  if (!isCasslError(error)) return '';
  const given = textOf(error.details['field']);
  if (given !== undefined) return given;
  const path = /^([A-Za-z]\w*(?:(?:\.\w+)|(?:\[\d+\]))*)(?=:? )/.exec(error.message)?.[1] ?? '';
  const isField = /[._[]/.test(path) || /^\w+:? (must|is missing|is empty)\b/.test(error.message);
  return isField ? path : '';
}

/** Of the facts of an error, those that are plain text or numbers: lists and objects are for the log. */
function factsOf({ details }: CasslError): Record<string, string> {
  const plain = Object.entries(details).filter(
    ([name, value]) =>
      !['reason', 'retryAfterMs', 'field'].includes(name) && ['string', 'number'].includes(typeof value),
  );
  return Object.fromEntries(plain.map(([name, value]) => [name, String(value).slice(0, MAX_FACT)]));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The other way round: what a client keeps of the details that came with an error, in `CasslError.details`. */
export function readErrorDetails(extra: readonly ErrorDetails[]): Readonly<Record<string, unknown>> {
  const known: Record<string, unknown> = {};
  for (const detail of extra) {
    if (detail.$type === ErrorInfo.$type) {
      const { reason, metadata } = detail;
      Object.assign(known, metadata, { reason });
    } else if (detail.$type === BadRequest.$type) {
      const [violation] = detail.fieldViolations;
      if (violation !== undefined && violation.field !== '') known['field'] = violation.field;
    } else if (detail.$type === RetryInfo.$type) {
      const { seconds = 0, nanos = 0 } = detail.retryDelay ?? {};
      known['retryAfterMs'] = seconds * 1000 + nanos / 1e6;
    }
  }
  return known;
}
