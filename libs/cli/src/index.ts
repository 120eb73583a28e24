export {
  startLocalServices,
  type LocalServices,
  type StartLocalServicesOptions,
} from './local/start-local-services.ts';
export { startService, type ServiceProcess, type ServiceSurroundings } from './local/service-process.ts';
export { SERVICE_NAMES, type Endpoints, type ServiceName } from './local/service-names.ts';
export { createProgram } from './program.ts';
export type { Command } from 'commander';
export { freePort } from './local/free-port.ts';
export { readPipelineFile } from './pipeline/read-pipeline-file.ts';
export { toPipelineSpec } from './pipeline/to-spec.ts';
export { toReportJson, type ReportJson } from './report/report-json.ts';
export { interruption, type Interruption } from './local/interruption.ts';
