import type {
  LogSettingsRequest,
  LogSettingsResponse,
  LogSettingsResponse_SettingValue,
  TraceSettingRequest,
  TraceSettingResponse,
} from '@cassl/proto/inference';
import { findView, type Caller, type Inference } from './ask-images.ts';
import { LOG_SETTINGS, refuseChanges, TRACE_SETTINGS } from './server-settings.ts';

interface SettingsCalls {
  traceSetting(request: TraceSettingRequest, context: Pick<Caller, 'signal'>): Promise<TraceSettingResponse>;
  logSettings(request: LogSettingsRequest): Promise<LogSettingsResponse>;
}

/** Trace and log settings can be read. */
export function settingsCalls(inference: Inference): SettingsCalls {
  return {
    async traceSetting(
      { settings: wanted, modelName }: TraceSettingRequest,
      { signal }: Pick<Caller, 'signal'>,
    ): Promise<TraceSettingResponse> {
      const values = Object.entries(wanted).map(([name, { value }]) => [name, value]);
      refuseChanges('trace', Object.fromEntries(values) as Record<string, string[]>);
      if (modelName !== '') await findView(inference, modelName, '', signal);
      const rows = Object.entries(TRACE_SETTINGS).map(([name, value]) => [name, { value: [...value] }]);
      return { settings: Object.fromEntries(rows) as TraceSettingResponse['settings'] };
    },
    async logSettings({ settings: wanted }: LogSettingsRequest): Promise<LogSettingsResponse> {
      const values = Object.entries(wanted).map(([name, value]) => [name, value.parameterChoice?.value]);
      // The handlers of unary calls must give promises, also where they throw.
      await Promise.resolve().then(() =>
        refuseChanges('log', Object.fromEntries(values) as Record<string, unknown>),
      );
      const rows = Object.entries(LOG_SETTINGS).map(([name, value]) => [name, logValue(value)]);
      return { settings: Object.fromEntries(rows) as LogSettingsResponse['settings'] };
    },
  };
}

function logValue(value: boolean | number | string): LogSettingsResponse_SettingValue {
  if (typeof value === 'boolean') return { parameterChoice: { $case: 'boolParam', value } };
  if (typeof value === 'number') return { parameterChoice: { $case: 'uint32Param', value } };
  return { parameterChoice: { $case: 'stringParam', value } };
}
