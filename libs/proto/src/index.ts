// The one place where `export *` is right: the generated files are the contract, whole.
export * from './gen/cassl/v1/dataset.ts';
export * from './gen/cassl/v1/detector.ts';
export * from './gen/cassl/v1/evaluation.ts';
export * from './gen/cassl/v1/evaluator.ts';
export * from './gen/cassl/v1/events.ts';
export * from './gen/cassl/v1/image.ts';
export * from './gen/cassl/v1/job.ts';
export * from './gen/cassl/v1/labeler.ts';
export * from './gen/cassl/v1/labels.ts';
export * from './gen/cassl/v1/model.ts';
export * from './gen/cassl/v1/pipeline.ts';
export * from './gen/cassl/v1/registry.ts';
export * from './gen/cassl/v1/trainer.ts';
export * from './gen/externalscaler/externalscaler.ts';
// Every streaming file generates this one type; name one of them.
export type { ServerStreamingMethodResult } from './gen/cassl/v1/registry.ts';
export { descriptorSet } from './descriptor-set.ts';
export { CountingReader } from './counting-reader.ts';
export { wideFieldPath } from './field-path.ts';
