import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { RegistryServiceDefinition } from '@cassl/proto';
import { afterEach, expect, it } from 'vitest';
import { createClient } from './create-client.ts';
import { whyUnreachable } from './why-unreachable.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

/** A port that accepts connections and says nothing, as a frozen process has one. */
async function listen(): Promise<string> {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function messageOf(address: string): Promise<string> {
  using client = createClient(RegistryServiceDefinition, address, { security: {} });
  const error = await client.listCheckpoints({}).then(
    () => undefined,
    (thrown: unknown) => thrown as { readonly code: string; readonly message: string },
  );
  expect(error?.code).toBe('UNAVAILABLE');
  return error?.message ?? '';
}

it('says which service is not there, in words', async () => {
  const address = await listen();
  await new Promise((resolve) => server?.close(resolve));
  expect(await messageOf(address)).toMatch(
    new RegExp(`^RegistryService at ${address} cannot be reached: connect ECONNREFUSED`),
  );
});

it('says which service does not answer', async () => {
  const address = await listen();
  expect(await messageOf(address)).toMatch(
    new RegExp(`^RegistryService at ${address} cannot be reached: (it takes no connection|.*timed out)`),
  );
}, 60_000);

it.each([
  [
    'round_robin: No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ',
    'connect ECONNREFUSED 127.0.0.1:1',
  ],
  [
    'No connection established. Last error: Failed to connect (2026-11-27T18:52:56.008Z). Resolution note: ',
    'it takes no connection',
  ],
  ['round_robin: No connection established', 'it takes no connection'],
  ['the service is stopping', undefined],
])('of %j it is %j', (details, reason) => {
  expect(whyUnreachable(details)).toBe(reason);
});
