import { unimplemented } from '@cassl/errors';

/** Nothing is traced by this protocol's means. */
export const TRACE_SETTINGS: Readonly<Record<string, readonly string[]>> = {
  trace_file: [''],
  trace_level: ['OFF'],
  trace_rate: ['0'],
  trace_count: ['-1'],
  log_frequency: ['0'],
};

export const LOG_SETTINGS: Readonly<Record<string, boolean | number | string>> = {
  log_file: '',
  log_info: true,
  log_warning: true,
  log_error: true,
  log_verbose_level: 0,
  log_format: 'default',
};

const CALLS = { trace: 'TraceSetting', log: 'LogSettings' } as const;

/** @throws UNIMPLEMENTED naming the call and the first setting that somebody wants to change */
export function refuseChange(kind: 'trace' | 'log', names: readonly string[]): void {
  const [first] = names;
  if (first !== undefined)
    throw unimplemented(
      `${CALLS[kind]}: settings.${first.slice(0, 100)}: ${kind} settings cannot be changed by this protocol; see CASSL_LOG_LEVEL and OTEL_*`,
    );
}
