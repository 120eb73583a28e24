import { errorMessage, invalidArgument } from '@cassl/errors';
import { CountingReader, wideFieldPath } from '@cassl/proto';
import type { CompatServiceDefinition } from 'nice-grpc';

/** Stands in for a request that could not be decoded, until the wrapper around handlers refuses it. */
class UnreadableRequest {
  readonly reason: string;
  /** Empty where none can be named. */
  readonly field: string;

  constructor(error: unknown, field: string) {
    this.reason = errorMessage(error);
    this.field = field;
  }
}

interface Decoder {
  decode(input: Uint8Array | CountingReader, length?: number): unknown;
}

/** Messages, texts, byte strings and 64-bit numbers of one request: half a second of reading, fifty megabytes. */
const MOST_PARTS = 2 ** 18;

/**
 * The same definition, but bytes that are no message of a method, or that hold a whole number above 2^53 - 1 or more than `MOST_PARTS`
 * parts, reach `checkReadable`: grpc-js itself answers INTERNAL to them, though it is the caller who sent them.
 */
export function withReadableRequests<
  Definition extends CompatServiceDefinition & { readonly fullName: string },
>(definition: Definition): Definition {
  if (!('methods' in definition)) return definition;
  const methods = Object.entries(definition.methods as Record<string, { readonly requestType: Decoder }>).map(
    ([name, method]) => {
      const nameOf = (place: readonly number[]): string => wideFieldPath(definition.fullName, name, place);
      return [name, { ...method, requestType: decodingSafely(method.requestType, nameOf) }];
    },
  );
  return { ...definition, methods: Object.fromEntries(methods) as Definition['methods'] };
}

function decodingSafely(type: Decoder, nameOf: (place: readonly number[]) => string): Decoder {
  return {
    ...type,
    decode(input, length) {
      const reader = input instanceof Uint8Array ? new CountingReader(input, MOST_PARTS) : input;
      try {
        return type.decode(reader, length);
      } catch (error) {
        const isUnsafe = UNSAFE.test(errorMessage(error));
        const field = isUnsafe ? reader.unsafePlaces.map(nameOf).find((name) => name !== '') : undefined;
        return new UnreadableRequest(error, field ?? '');
      }
    },
  };
}

/** What generated code says of a number that JavaScript's do not hold. */
const UNSAFE = /^Value is (larger|smaller) than Number\.M/;

/** @throws INVALID_ARGUMENT */
export function checkReadable(request: unknown): void {
  if (!(request instanceof UnreadableRequest)) return;
  const { field } = request;
  if (field !== '')
    throw invalidArgument(`request.${field} must be from -(2^53 - 1) to 2^53 - 1`, { details: { field } });
  throw invalidArgument(`the request cannot be read as a message of this method: ${request.reason}`);
}
