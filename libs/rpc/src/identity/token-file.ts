import { createHash } from 'node:crypto';
import { invalidArgument } from '@cassl/errors';
import { z } from 'zod';
import type { Identity } from './identity.ts';
import { SCOPES, withImplied } from './scope.ts';

const positive = z.number().positive();

const token = z.strictObject({
  name: z.string().min(1).max(128),
  /** Either the token, or its digest so that the file holds no secret. */
  token: z.string().min(16).optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  scopes: z.array(z.enum(SCOPES)),
  aliases: z.array(z.string()).optional(),
  quota: z
    .strictObject({ requestsPerSecond: positive, queuedImages: positive, runningJobs: positive })
    .partial()
    .optional(),
});

const file = z.strictObject({ tokens: z.array(token) });

/** Identities by the sha256 of their tokens. */
export type TokenTable = ReadonlyMap<string, Identity>;

/**
 * Reads a token file: `{"tokens": [{"name", "token" or "sha256", "scopes", "aliases"?, "quota"?}]}`.
 * `aliases` are prefixes, by default all.
 * @throws INVALID_ARGUMENT that names the entry and field, and never a token
 */
export function parseTokenFile(contents: Buffer, path: string): TokenTable {
  let json: unknown;
  try {
    json = JSON.parse(contents.toString('utf8'));
  } catch {
    // The parser's message quotes what it read.
    throw invalidArgument(`token file ${path} is not JSON`);
  }
  const parsed = file.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalidArgument(
      `token file ${path}: ${issue?.path.join('.') ?? ''}: ${issue?.code ?? 'is not right'}`,
    );
  }
  const table = new Map<string, Identity>();
  for (const [index, entry] of parsed.data.tokens.entries()) {
    const digest = entry.sha256 ?? (entry.token === undefined ? undefined : tokenDigest(entry.token));
    if (digest === undefined)
      throw invalidArgument(`token file ${path}: tokens.${index} has neither token nor sha256`);
    if (table.has(digest))
      throw invalidArgument(`token file ${path}: tokens.${index} has the token of another one`);
    table.set(digest, {
      name: entry.name,
      scopes: withImplied(entry.scopes),
      aliasPrefixes: entry.aliases ?? [''],
      quota: entry.quota ?? {},
    });
  }
  return table;
}

/** Tokens are compared by their digests: a look-up then takes the same time for every wrong one. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
