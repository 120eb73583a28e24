import { describe, expect, it } from 'vitest';
import { useRegistry } from '../registry.fixture.ts';
import { createWebhook, deleteWebhook, listWebhooks } from './manage-webhooks.ts';

const test = useRegistry();
const create = (url: string, aliasPrefix = '') => createWebhook(test.registry, { url, aliasPrefix });

describe('webhooks', () => {
  it('are told their secret once, and hear from then on', async () => {
    await test.publish(1);
    const { webhook, secret } = await create('https://example.org/hook', 'prod/');
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const listed = (await listWebhooks(test.registry)).webhooks;
    expect(listed).toMatchObject([{ id: webhook!.id, aliasPrefix: 'prod/', lastError: '', pending: 0 }]);
    expect(JSON.stringify(listed)).not.toContain(secret);
    await test.publish(2);
    expect((await listWebhooks(test.registry)).webhooks).toMatchObject([{ pending: 1 }]);
    await deleteWebhook(test.registry, webhook!.id);
    await expect(deleteWebhook(test.registry, webhook!.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([
    ['', 'url must be an http or https address'],
    ['example.org', 'url must be an http or https address'],
    ['file:///etc/passwd', 'url must be an http or https address'],
    ['javascript:alert(1)', 'url must be an http or https address'],
    [`https://example.org/${'x'.repeat(2100)}`, 'of at most 2048 characters'],
    ['https://ada:secret@example.org/', 'url must not carry a user name or password'],
  ])('are not registered for %j', async (url, message) => {
    const refused = (await create(url).catch((error: unknown) => error)) as Error;
    expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) });
    expect(refused.message).not.toContain('secret');
    expect(refused.message.length).toBeLessThan(300);
  });

  it('are at most a hundred', async () => {
    await expect(create('https://example.org/', 'x'.repeat(129))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    for (let count = 0; count < 100; count += 1) await create(`https://example.org/${count}`);
    await expect(create('https://example.org/more')).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  });
});
