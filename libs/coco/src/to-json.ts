/** What TypeScript's library does not know yet of `JSON`. */
const json = JSON as typeof JSON & { readonly rawJSON: (text: string) => unknown };

/** `JSON.stringify` that writes bigints as the numbers they are. */
export function toJson(value: unknown): string {
  return json.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? json.rawJSON(inner.toString()) : inner,
  );
}
