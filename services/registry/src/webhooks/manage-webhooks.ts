import { randomBytes, randomUUID } from 'node:crypto';
import { invalidArgument, notFound, resourceExhausted } from '@cassl/errors';
import type {
  CreateWebhookRequest,
  CreateWebhookResponse,
  ListWebhooksResponse,
  Webhook,
} from '@cassl/proto';
import { newestSequence } from '../aliases/watch-changes.ts';
import { asDate } from '../database/schema.ts';
import type { Registry } from '../registry.ts';

const MAX_WEBHOOKS = 100;
const MAX_URL = 2_048;

/** Registers an address; it hears of every change from now on. The secret is answered here and never again. */
export async function createWebhook(
  registry: Registry,
  { url, aliasPrefix }: CreateWebhookRequest,
): Promise<CreateWebhookResponse> {
  checkUrl(url);
  if (aliasPrefix.length > 128)
    throw invalidArgument(`alias_prefix must be at most 128 characters, got ${aliasPrefix.length}`);
  const existing = await registry.db.selectFrom('webhooks').select('id').execute();
  if (existing.length >= MAX_WEBHOOKS)
    throw resourceExhausted(`there are ${MAX_WEBHOOKS} webhooks already: delete one first`);
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const row = {
    id: randomUUID(),
    url,
    secret,
    alias_prefix: aliasPrefix,
    created_at: new Date(),
    position: await newestSequence(registry),
    last_error: '',
  };
  await registry.db.insertInto('webhooks').values(row).execute();
  registry.changed.emit('change');
  const { id, created_at: createdAt } = row;
  return { webhook: { id, url, aliasPrefix, createdAt, lastError: '', pending: 0 }, secret };
}

export async function listWebhooks(registry: Registry): Promise<ListWebhooksResponse> {
  const newest = await newestSequence(registry);
  const rows = await registry.db.selectFrom('webhooks').selectAll().orderBy('created_at').execute();
  const webhooks = rows.map((row): Webhook => ({
    id: row.id,
    url: row.url,
    aliasPrefix: row.alias_prefix,
    createdAt: asDate(row.created_at),
    lastError: row.last_error,
    pending: Math.max(0, newest - Number(row.position)),
  }));
  return { webhooks };
}

export async function deleteWebhook({ db }: Registry, id: string): Promise<void> {
  const row = await db.deleteFrom('webhooks').where('id', '=', id).returning('id').executeTakeFirst();
  if (row === undefined) throw notFound(`webhook ${id} does not exist`);
}

function checkUrl(url: string): void {
  const parsed = url.length <= MAX_URL ? URL.parse(url) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol))
    throw invalidArgument(
      `url must be an http or https address of at most ${MAX_URL} characters, got ${JSON.stringify(url.slice(0, 100))}`,
    );
  // It would be shown by ListWebhooks and in logs.
  if (parsed.username !== '' || parsed.password !== '')
    throw invalidArgument('url must not carry a user name or password: deliveries are signed instead');
}
