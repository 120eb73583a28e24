import type { Pipeline, TrainerServiceDefinition } from '@cassl/proto';
import type { RpcClient } from '@cassl/rpc';
import type { ReportJson } from './report-json.ts';
export interface RenderReportOptions {
  readonly pipeline: Pipeline;
  readonly report: ReportJson;
  readonly trainings: RpcClient<typeof TrainerServiceDefinition>;
}
export function renderReport(options: RenderReportOptions): Promise<string> {
  return Promise.resolve(JSON.stringify(options.report));
}
