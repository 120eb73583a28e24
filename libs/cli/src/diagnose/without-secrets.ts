const SECRET_NAME = /token|secret|passw|credential|access_key|api_key|authorization|headers/i;
/** The path of a secret's file is none, nor is the address where a token is checked. */
const PLAIN_NAME = /_(FILE|DIR|PATH)$/;
const HIDDEN = '(hidden)';

/** Settings that a report may show: values of secrets are hidden, and user names and passwords in addresses. */
export function settingsWithoutSecrets(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const shown = Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined || !/^(CASSL|OTEL|AWS|NATS|OMP|TORCH|CUDA|NVIDIA|NODE|NO_COLOR)/.test(name))
      return [];
    const isSecret = SECRET_NAME.test(name) && !PLAIN_NAME.test(name);
    return [[name, isSecret ? HIDDEN : withoutSecrets(value)] as const];
  });
  return Object.fromEntries(shown.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Any text with what looks like a secret hidden: passwords in addresses, bearer and JSON web tokens, signatures of addresses. */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(/(\w+:\/\/)[^\s/@"']+@/g, `$1${HIDDEN}@`)
    .replaceAll(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${HIDDEN}`)
    .replaceAll(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, HIDDEN)
    .replaceAll(/\b(X-Amz-Signature|X-Amz-Credential|token|secret|password)=[^\s&"']+/gi, `$1=${HIDDEN}`);
}
