import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/**
 * A port of this machine that nobody listens on now.
 * @param wanted is taken where it is free
 */
export async function freePort(wanted = 0): Promise<number> {
  const probe = createServer().listen(wanted, '127.0.0.1');
  try {
    await once(probe, 'listening');
  } catch (error) {
    if (wanted === 0) throw error;
    return freePort();
  }
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
