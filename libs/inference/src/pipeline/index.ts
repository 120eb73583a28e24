// For processes that run a model themselves: it brings our engine along, which the services do without.
export { detectorModel } from '../models/detector-model.ts';
export type { BatchModel } from '../models/batch-model.ts';
export {
  createPipeline,
  MOST_WAITING_BATCHES,
  type Pipeline,
  type PipelineAnswer,
  type PipelineItem,
  type PipelineOptions,
} from './pipeline.ts';
