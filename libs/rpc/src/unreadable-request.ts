import { errorMessage, invalidArgument } from '@cassl/errors';
import { CountingReader } from '@cassl/proto';
import type { CompatServiceDefinition } from 'nice-grpc';

/** Stands in for a request that could not be decoded, until the wrapper around handlers refuses it. */
class UnreadableRequest {
  readonly reason: string;

  constructor(error: unknown) {
    this.reason = errorMessage(error);
  }
}

interface Decoder {
  decode(input: Uint8Array | CountingReader, length?: number): unknown;
}

/** Messages, texts and byte strings of one request: half a second of reading, fifty megabytes. */
export const MOST_PARTS = 2 ** 18;

/**
 * The same definition, but bytes that are no message of a method, or that hold a whole number above 2^53 - 1 or more than `MOST_PARTS`
 * parts, reach `checkReadable`: grpc-js itself answers INTERNAL to them, though it is the caller who sent them.
 */
export function withReadableRequests<Definition extends CompatServiceDefinition>(
  definition: Definition,
): Definition {
  if (!('methods' in definition)) return definition;
  const methods = Object.entries(definition.methods as Record<string, { readonly requestType: Decoder }>).map(
    ([name, method]) => [name, { ...method, requestType: decodingSafely(method.requestType) }],
  );
  return { ...definition, methods: Object.fromEntries(methods) as Definition['methods'] };
}

function decodingSafely(type: Decoder): Decoder {
  return {
    ...type,
    decode(input, length) {
      try {
        const reader = input instanceof Uint8Array ? new CountingReader(input, MOST_PARTS) : input;
        return type.decode(reader, length);
      } catch (error) {
        return new UnreadableRequest(error);
      }
    },
  };
}

/** @throws INVALID_ARGUMENT */
export function checkReadable(request: unknown): void {
  if (!(request instanceof UnreadableRequest)) return;
  throw invalidArgument(`the request cannot be read as a message of this method: ${request.reason}`);
}
