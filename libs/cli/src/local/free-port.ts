import getPort from 'get-port';

/** A port of this machine's loopback that nobody listens on: `wanted` where it is free. */
export function freePort(wanted?: number): Promise<number> {
  return getPort({ host: '127.0.0.1', ...(wanted === undefined ? {} : { port: wanted }) });
}
