import { CasslError, errorMessage, type ErrorCode } from '@cassl/errors';

/** The native error as the domain's: out of memory is RESOURCE_EXHAUSTED with `details.requestedBytes`. */
export function fromNativeError(error: unknown, where: string): CasslError {
  if (error instanceof CasslError) return error;
  const code = ((error as { code?: string }).code ?? 'INTERNAL') as ErrorCode;
  const message = errorMessage(error).split('\nException raised from')[0]!.trim();
  const requestedBytes = code === 'RESOURCE_EXHAUSTED' ? requestedSize(message) : undefined;
  return new CasslError(code, `${where}: ${message}`, {
    cause: error,
    ...(requestedBytes === undefined ? {} : { details: { requestedBytes } }),
  });
}

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

// "requested 123 bytes" (CPU); "Tried to allocate 2.00 GiB", or "Requested size: 2.00 GiB" under a memory fraction (CUDA,
// which rounds to two decimals).
function requestedSize(message: string): number | undefined {
  const found = /(?:requested|Tried to allocate|Requested size:) ([\d.]+) (Ki|Mi|Gi|Ti|)(?:B|bytes)/.exec(
    message,
  );
  return found ? Math.round(Number(found[1]) * unitBytes[found[2]!]!) : undefined;
}
