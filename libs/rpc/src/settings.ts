import { invalidArgument, withoutUserInfo } from '@cassl/errors';
import type { z } from 'zod';

/** One environment variable. */
export interface Setting<T> {
  /** Name of the variable, for example `CASSL_PORT`. */
  readonly variable: string;
  /** Parses its text; `.default(…)` makes it optional. */
  readonly schema: z.ZodType<T>;
  /** For people: what it sets, with its unit. */
  readonly meaning: string;
  /** The value never appears in messages. */
  readonly isSecret: boolean;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** What `readConfig` makes of settings. */
export type ConfigOf<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never;
};

export function setting<T>(
  variable: string,
  schema: z.ZodType<T>,
  meaning: string,
  options: { readonly isSecret?: boolean } = {},
): Setting<T> {
  return { variable, schema, meaning, isSecret: options.isSecret ?? false };
}

/**
 * Reads a service's settings from the environment into one frozen object. An empty variable counts as unset.
 * @throws INVALID_ARGUMENT that names every bad variable with its value and its bound
 */
export function readConfig<S extends Settings>(
  settings: S,
  env: Readonly<Record<string, string | undefined>> = process.env,
): ConfigOf<S> {
  const config: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, { variable, schema, isSecret }] of Object.entries(settings)) {
    const text = env[variable] === '' ? undefined : env[variable];
    const parsed = schema.safeParse(text);
    if (parsed.success) {
      config[name] = parsed.data;
    } else {
      const shown =
        text === undefined
          ? 'it is not set'
          : `got ${isSecret ? '(hidden)' : withoutUserInfo(JSON.stringify(text))}`;
      problems.push(`${variable}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}, ${shown}`);
    }
  }
  if (problems.length > 0) throw invalidArgument(`bad settings: ${problems.join(' | ')}`);
  return Object.freeze(config) as ConfigOf<S>;
}

/** The settings as a Markdown table: a service's README carries it, and its test compares the two. */
export function settingsTable(settings: Settings): string {
  const rows = Object.values(settings).map(({ variable, schema, meaning }) => {
    const unset = schema.safeParse(undefined);
    const value = unset.success ? JSON.stringify(unset.data) : 'required';
    return `| \`${variable}\` | ${meaning} | ${value === undefined ? '–' : value.replaceAll('"', '`')} |`;
  });
  return ['| variable | meaning | default |', '|---|---|---|', ...rows].join('\n');
}
