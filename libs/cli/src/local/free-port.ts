import { randomInt } from 'node:crypto';
import getPort, { portNumbers } from 'get-port';

/** Below those that Linux gives to outgoing connections (32,768 on): a service that is started again finds its port still free. */
const FIRST = 10_000;
const LAST = 29_999;
const TRIED = 1_000;

/** A port of this machine's loopback that nobody listens on: `wanted` where it is free. */
export function freePort(wanted?: number): Promise<number> {
  // Processes that look at the same time look in different places.
  const from = randomInt(FIRST, LAST - TRIED);
  return getPort({ host: '127.0.0.1', port: wanted ?? portNumbers(from, from + TRIED) });
}
