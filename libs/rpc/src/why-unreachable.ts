/** How grpc-js begins where it has no connection, whatever balances it. */
const NO_CONNECTION = /^(?:\w+: )?No connection established/;
const LAST_ERROR = 'Last error: ';

/**
 * Why nobody can be reached, out of grpc-js's own words for it ("round_robin: No connection established. Last error: … Resolution
 * note: "); undefined for all else.
 */
export function whyUnreachable(details: string): string | undefined {
  if (!NO_CONNECTION.test(details)) return undefined;
  const last = details.split(LAST_ERROR).slice(1).at(-1) ?? '';
  const [reason = ''] = last.split(/\.? Resolution note:| \(\d{4}-/);
  const plain = reason.replace(/^Error: /, '').trim();
  return ['', 'Failed to connect'].includes(plain) || NO_CONNECTION.test(plain)
    ? 'it takes no connection'
    : plain;
}
