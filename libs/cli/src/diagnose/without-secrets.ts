import { withoutUserInfo } from '@cassl/errors';

const SECRET_NAME =
  /token|secret|pass(?!ive)|pwd|cred|(?:^|_)(?:key|seed|dsn)(?:_|$)|apikey|authorization|headers|cookie/i;
/** The path of a secret's file is none, nor is the address where a token is checked. */
const PLAIN_NAME = /_(?:FILE|DIR|PATH)$/;
const SHOWN = /^(?:CASSL|OTEL|AWS|S3|NATS|DATABASE_URL|OMP|TORCH|CUDA|NVIDIA|NODE|NO_COLOR)/;
/** A shorter value would take words of the report with it. */
const MIN_SECRET_LENGTH = 6;
const HIDDEN = '(hidden)';

type Environment = Readonly<Record<string, string | undefined>>;

function isSecret(name: string): boolean {
  return SECRET_NAME.test(name) && !PLAIN_NAME.test(name);
}

/** Settings that a report may show: values of secrets are hidden, and user names and passwords in addresses. */
export function settingsWithoutSecrets(env: Environment): Record<string, string> {
  const shown = Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined || !SHOWN.test(name)) return [];
    return [[name, isSecret(name) ? HIDDEN : withoutSecrets(value)] as const];
  });
  return Object.fromEntries(shown.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The values that this environment itself calls secret, longest first: they are hidden wherever they stand, whatever they look like. */
export function secretsOf(env: Environment): readonly string[] {
  const values = Object.entries(env).flatMap(([name, value = '']) =>
    isSecret(name) ? [value] : passwordsIn(value),
  );
  return [...new Set(values)]
    .filter((value) => value.length >= MIN_SECRET_LENGTH && !/^(?:[\d.]+|true|false)$/.test(value))
    .sort((a, b) => b.length - a.length);
}

function passwordsIn(value: string): string[] {
  return [...value.matchAll(/\w:\/\/[^\s/@:]*:([^\s]*)@/g)].map(([, password = '']) => password);
}

/** Any text with what looks like a secret hidden: passwords in addresses, bearer and JSON web tokens, keys, signatures of addresses. */
export function withoutSecrets(text: string, known: readonly string[] = []): string {
  return known
    .reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), withoutUserInfo(text))
    .replaceAll(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${HIDDEN}`)
    .replaceAll(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, HIDDEN)
    .replaceAll(/\b(?:AKIA|ASIA)[A-Z\d]{16}\b|\b(?:whsec|hf|ghp)_[\w+/=-]{8,}/g, HIDDEN)
    .replaceAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gs, HIDDEN)
    .replaceAll(/\b(X-Amz-(?:Signature|Credential)|sig)=[^\s&"'\\]+/gi, `$1=${HIDDEN}`)
    .replaceAll(
      /((?:token|secret|password|passwd|pwd|api[_-]?key|access[_-]?key(?:[_-]?id)?)\\?["']?\s*[=:]\s*\\?["']?)(?!\(hidden\)|["'\s\\,}\]])[^\s&"'\\,;}]+/gi,
      `$1${HIDDEN}`,
    );
}
