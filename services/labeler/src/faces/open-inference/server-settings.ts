import { invalidArgument, unimplemented } from '@cassl/errors';

export type SettingKind = 'trace' | 'log';
type Value = boolean | number | string;

/** Nothing is traced by this protocol's means. */
export const TRACE_SETTINGS: Readonly<Record<string, readonly string[]>> = {
  trace_file: [''],
  trace_level: ['OFF'],
  trace_rate: ['0'],
  trace_count: ['-1'],
  log_frequency: ['0'],
};

export const LOG_SETTINGS: Readonly<Record<string, Value>> = {
  log_file: '',
  log_info: true,
  log_warning: true,
  log_error: true,
  log_verbose_level: 0,
  log_format: 'default',
};

const KINDS = {
  trace: { call: 'TraceSetting', settings: TRACE_SETTINGS },
  log: { call: 'LogSettings', settings: LOG_SETTINGS },
} as const;

/**
 * Takes what changes nothing: the value that a setting has, or none, by which clients reset one.
 * @throws INVALID_ARGUMENT for a setting that is unknown or has another type; UNIMPLEMENTED naming call and setting for a change
 */
export function refuseChanges(kind: SettingKind, wanted: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(wanted)) refuseChange(kind, name, value);
}

function refuseChange(kind: SettingKind, name: string, wanted: unknown): void {
  const { call, settings } = KINDS[kind];
  const field = `${call}: settings.${name.slice(0, 100)}`;
  const present = Object.hasOwn(settings, name) ? settings[name] : undefined;
  if (present === undefined)
    throw invalidArgument(`${field} is not known; known are ${Object.keys(settings).join(', ')}`);
  if (wanted === undefined || wanted === null) return;
  if (kind === 'trace' ? isResetOrSame(field, present, wanted) : isSame(field, present, wanted)) return;
  throw unimplemented(
    `${field}: ${kind} settings cannot be changed by this protocol; see CASSL_LOG_LEVEL and OTEL_*`,
  );
}

/** Clients send one text, a list of texts, or an empty list for none. */
function isResetOrSame(field: string, present: unknown, wanted: unknown): boolean {
  const values: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
  const stranger = values.find((value) => typeof value !== 'string');
  if (stranger !== undefined)
    throw invalidArgument(`${field} must be a text or a list of texts, got ${show(stranger)}`);
  return values.length === 0 || values.join() === String(present);
}

function isSame(field: string, present: unknown, wanted: unknown): boolean {
  const isWhole = typeof wanted !== 'number' || (Number.isInteger(wanted) && wanted >= 0);
  if (typeof wanted !== typeof present || !isWhole) {
    const types = { boolean: 'true or false', number: 'a whole number of at least 0', string: 'a text' };
    throw invalidArgument(
      `${field} must be ${types[typeof present as keyof typeof types]}, got ${show(wanted)}`,
    );
  }
  return wanted === present;
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 100);
}
