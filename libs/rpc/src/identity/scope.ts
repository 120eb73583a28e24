/** What a caller may do. */
export const SCOPES = ['read', 'infer', 'label', 'train', 'publish', 'promote', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * Scopes that come with another one: whoever labels, trains, publishes or promotes must see jobs and checkpoints, and
 * `admin` is everything. `infer` alone sees nothing but its own answers.
 */
const IMPLIED: Readonly<Record<Scope, readonly Scope[]>> = {
  read: [],
  infer: [],
  label: ['read'],
  train: ['read'],
  publish: ['read'],
  promote: ['read'],
  admin: SCOPES,
};

/** The scopes and those that come with them. */
export function withImplied(scopes: Iterable<Scope>): ReadonlySet<Scope> {
  return new Set([...scopes].flatMap((scope) => [scope, ...IMPLIED[scope]]));
}

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}
