import { failedPrecondition } from '@cassl/errors';

/** Below it nothing here was ever tried. */
const OLDEST = '2.9.0';
/**
 * What production should run. Before 2.10.23 a few kills of the process could make a stream vanish (nats-server#6888);
 * 2.12.3 and 2.12.4 lost messages of replicated work queues (#7817).
 */
const RECOMMENDED_NATS_SERVER = '2.10.23';
const FAULTY = new Set(['2.12.3', '2.12.4']);

/**
 * @returns a warning for people, or `undefined` where the version is a good one
 * @throws FAILED_PRECONDITION for a server that is too old
 */
export function checkServerVersion(version: string): string | undefined {
  if (isOlder(version, OLDEST)) {
    throw failedPrecondition(`nats-server ${version} is too old: ${OLDEST} is the oldest that works`);
  }
  if (isOlder(version, RECOMMENDED_NATS_SERVER) || FAULTY.has(version)) {
    return (
      `nats-server ${version} has known faults that lose streams or messages; use ${RECOMMENDED_NATS_SERVER} or newer ` +
      '(not 2.12.3 or 2.12.4): scripts/setup.sh brings one into .tools/bin'
    );
  }
  return undefined;
}

function isOlder(version: string, bound: string): boolean {
  const parts = (text: string): number[] => text.split(/[.-]/).slice(0, 3).map(Number);
  const [mine, other] = [parts(version), parts(bound)];
  for (let i = 0; i < 3; i++) {
    const difference = (mine[i] ?? 0) - (other[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
