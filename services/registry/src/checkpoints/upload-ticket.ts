import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { CasslError } from '@cassl/errors';
import type { Registry } from '../registry.ts';

/** What an address permits without a token, for clients send none when they upload. */
export interface UploadTicket {
  readonly digest: string;
  readonly sizeBytes: number;
  /** 1, 2, … of a file in parts; 0 for a whole one. */
  readonly part: number;
  /** Who asked for it. */
  readonly actor: string;
}

/** As long as a slow line needs for the largest file. */
const LASTS_MS = 86_400_000;

/** The query that carries a ticket. */
export async function signTicket(registry: Registry, ticket: UploadTicket): Promise<string> {
  const until = Date.now() + LASTS_MS;
  const mark = markOf(await keyOf(registry), ticket, until);
  return new URLSearchParams({
    size: String(ticket.sizeBytes),
    part: String(ticket.part),
    actor: ticket.actor,
    until: String(until),
    ticket: mark,
  }).toString();
}

/** @throws PERMISSION_DENIED for a ticket that is not this registry's, is for other bytes, or has run out */
export async function checkTicket(
  registry: Registry,
  digest: string,
  query: URLSearchParams,
): Promise<UploadTicket> {
  const [sizeBytes, part, until] = ['size', 'part', 'until'].map((name) => Number(query.get(name)));
  const ticket = {
    digest,
    sizeBytes: sizeBytes ?? 0,
    part: part ?? 0,
    actor: query.get('actor') ?? '',
  };
  const right = Buffer.from(markOf(await keyOf(registry), ticket, until ?? 0));
  const given = Buffer.from(query.get('ticket') ?? '');
  if (given.length === right.length && timingSafeEqual(given, right) && Date.now() < (until ?? 0))
    return ticket;
  throw new CasslError('PERMISSION_DENIED', 'this address may not upload, or no longer: ask for a new one', {
    details: { reason: 'TICKET_INVALID' },
  });
}

function markOf(key: string, { digest, sizeBytes, part, actor }: UploadTicket, until: number): string {
  const content = JSON.stringify([digest, sizeBytes, part, actor, until]);
  return createHmac('sha256', key).update(content).digest('base64url');
}

const keys = new WeakMap<Registry['db'], string>();

/** One key for all replicas. */
async function keyOf({ db }: Registry): Promise<string> {
  const known = keys.get(db);
  if (known !== undefined) return known;
  await db
    .insertInto('settings')
    .values({ name: 'upload-key', value: randomBytes(32).toString('hex') })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const { value } = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', 'upload-key')
    .executeTakeFirstOrThrow();
  keys.set(db, value);
  return value;
}
