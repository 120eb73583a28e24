import type { CollectedSpan } from '@cassl/telemetry/test-collector';

/** The names of the spans from the first one of its trace that was collected down to this one. */
export function spanPath(span: CollectedSpan, collected: readonly CollectedSpan[]): string[] {
  const spans = new Map(collected.map((each) => [each.spanId, each]));
  const names: string[] = [];
  for (let at: CollectedSpan | undefined = span; at !== undefined; at = spans.get(at.parentSpanId))
    names.unshift(at.name);
  return names;
}
