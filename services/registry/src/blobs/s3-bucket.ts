import type * as Sdk from '@aws-sdk/client-s3';
import { errorMessage, isCasslError, unavailable } from '@cassl/errors';

/** What every request needs. */
export interface Bucket {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
  readonly Bucket: string;
  /** Empty or ending in "/". */
  readonly prefix: string;
}

export function place({ Bucket }: Bucket, Key: string): { Bucket: string; Key: string } {
  return { Bucket, Key };
}

/** S3 that is away, overloaded or misconfigured is UNAVAILABLE for our callers, who can do nothing about it. */
export async function answered<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (isCasslError(error) || (error instanceof Error && error.name === 'AbortError')) throw error;
    throw unavailable(`the registry’s object store failed: ${errorMessage(error)}`, { cause: error });
  }
}

export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

/** `undefined` for what the store does not have, or no longer. */
export async function withoutMissing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}
