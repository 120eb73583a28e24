/** A generated message type of specifications. */
export interface SpecType<Spec> {
  encode(message: Spec): { finish(): Uint8Array };
  toJSON(message: Spec): unknown;
}

/** Where two specifications differ, as `field: known, not asked`; `undefined` where they are the same. */
export function specDifference<Spec>(
  type: SpecType<Spec>,
  known: Spec | undefined,
  asked: Spec | undefined,
): string | undefined {
  if (known === undefined || asked === undefined) return known === asked ? undefined : 'spec';
  if (Buffer.compare(type.encode(known).finish(), type.encode(asked).finish()) === 0) return undefined;
  return firstDifference('spec', type.toJSON(known), type.toJSON(asked)) ?? 'spec';
}

function firstDifference(path: string, known: unknown, asked: unknown): string | undefined {
  if (isRecord(known) && isRecord(asked)) {
    for (const key of new Set([...Object.keys(known), ...Object.keys(asked)])) {
      const found = firstDifference(`${path}.${key}`, known[key], asked[key]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const [before, now] = [known, asked].map((value) => short(JSON.stringify(value) ?? 'absent'));
  return before === now ? undefined : `${path} is ${before}, not ${now}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
