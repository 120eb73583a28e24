import { paint } from '../output/paint.ts';
import type { LifeEvent } from './keep-running.ts';

/** Tells a person what happens to services, on stderr, a line each. */
export function showLife(event: LifeEvent): void {
  process.stderr.write(`${format(event)}\n`);
}

function format(event: LifeEvent): string {
  const name = event.name.padEnd(12);
  if (event.what === 'ready') {
    return `${name}${paint('green', 'ready', process.stderr)} after ${event.seconds.toFixed(1)} s`;
  }
  const wait = event.againInMs < 1000 ? `${event.againInMs} ms` : `${Math.round(event.againInMs / 1000)} s`;
  return `${name}${paint('red', 'died', process.stderr)} (${event.how}), starting it again in ${wait}`;
}
