import type { SkippedTensor } from '@cassl/checkpoints';

/** One line per reason, with a few of the names. */
export function printSkipped(what: string, skipped: readonly SkippedTensor[]): void {
  const reasons = new Map<string, string[]>();
  for (const { name, reason } of skipped) reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
  for (const [reason, names] of reasons) {
    console.log(`${what} ${names.length} (${reason}): ${someOf(names)}`);
  }
}

/** All of a few names, or the first three. */
export function someOf(names: readonly string[]): string {
  return names.length > 4 ? `${names.slice(0, 3).join(', ')}, …` : names.join(', ');
}
