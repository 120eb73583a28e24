import type { Scope } from './scope.ts';

/** What a method needs: a scope, or nothing at all. */
export type MethodRule = Scope | 'open';

/**
 * The rule of every method that a service of ours can serve. A method without one is refused to everybody but `admin`, and
 * a test walks the descriptors and fails on it: add its line with the method.
 */
export const METHOD_SCOPES: Readonly<Record<string, MethodRule>> = {
  // Kubernetes' probes cannot send a token, and generic clients ask for reflection before they have one.
  'grpc.health.v1.Health/Check': 'open',
  'grpc.health.v1.Health/List': 'open',
  'grpc.health.v1.Health/Watch': 'open',
  'grpc.reflection.v1.ServerReflection/ServerReflectionInfo': 'read',
  'grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': 'read',

  // KEDA can show a certificate but no token; it learns how much work is left and nothing else.
  'externalscaler.ExternalScaler/IsActive': 'open',
  'externalscaler.ExternalScaler/StreamIsActive': 'open',
  'externalscaler.ExternalScaler/GetMetricSpec': 'open',
  'externalscaler.ExternalScaler/GetMetrics': 'open',

  'cassl.v1.DetectorService/Detect': 'infer',
  'cassl.v1.DetectorService/DetectStream': 'infer',
  'cassl.v1.LabelerService/Label': 'infer',
  'cassl.v1.LabelerService/LabelStream': 'infer',
  'inference.GRPCInferenceService/ServerLive': 'open',
  'inference.GRPCInferenceService/ServerReady': 'open',
  'inference.GRPCInferenceService/ModelReady': 'infer',
  'inference.GRPCInferenceService/ServerMetadata': 'infer',
  'inference.GRPCInferenceService/ModelMetadata': 'infer',
  'inference.GRPCInferenceService/ModelConfig': 'infer',
  'inference.GRPCInferenceService/ModelStatistics': 'infer',
  'inference.GRPCInferenceService/ModelInfer': 'infer',
  'inference.GRPCInferenceService/ModelStreamInfer': 'infer',
  'inference.GRPCInferenceService/RepositoryIndex': 'read',
  'inference.GRPCInferenceService/RepositoryModelLoad': 'admin',
  'inference.GRPCInferenceService/RepositoryModelUnload': 'admin',
  'inference.GRPCInferenceService/SystemSharedMemoryStatus': 'infer',
  'inference.GRPCInferenceService/SystemSharedMemoryRegister': 'infer',
  'inference.GRPCInferenceService/SystemSharedMemoryUnregister': 'infer',
  'inference.GRPCInferenceService/CudaSharedMemoryStatus': 'infer',
  'inference.GRPCInferenceService/CudaSharedMemoryRegister': 'infer',
  'inference.GRPCInferenceService/CudaSharedMemoryUnregister': 'infer',
  'inference.GRPCInferenceService/TraceSetting': 'admin',
  'inference.GRPCInferenceService/LogSettings': 'admin',

  'cassl.v1.LabelerService/StartLabeling': 'label',
  'cassl.v1.LabelerService/CancelLabeling': 'label',
  'cassl.v1.LabelerService/PauseLabeling': 'label',
  'cassl.v1.LabelerService/ResumeLabeling': 'label',
  'cassl.v1.LabelerService/RetryDeadShards': 'label',
  'cassl.v1.LabelerService/GetLabeling': 'read',
  'cassl.v1.LabelerService/ListLabelings': 'read',
  'cassl.v1.LabelerService/ListLabelFiles': 'read',
  'cassl.v1.LabelerService/WatchLabeling': 'read',
  'cassl.v1.LabelSetService/GetLabelSet': 'read',
  'cassl.v1.LabelSetService/ListLabelSetFiles': 'read',
  'cassl.v1.LabelSetService/CompareLabelSets': 'read',
  'cassl.v1.LabelSetService/ChooseThreshold': 'read',
  'cassl.v1.LabelSetService/ExportLabelSet': 'read',
  'cassl.v1.LabelSetService/ChangeThreshold': 'label',
  'cassl.v1.LabelSetService/MergeLabelSets': 'label',
  'cassl.v1.LabelSetService/RemoveTeacher': 'label',

  'cassl.v1.TrainerService/StartTraining': 'train',
  'cassl.v1.TrainerService/CancelTraining': 'train',
  'cassl.v1.TrainerService/ResumeTraining': 'train',
  'cassl.v1.TrainerService/GetTraining': 'read',
  'cassl.v1.TrainerService/ListTrainings': 'read',
  'cassl.v1.TrainerService/WatchTraining': 'read',
  'cassl.v1.EvaluatorService/StartEvaluation': 'train',
  'cassl.v1.EvaluatorService/CancelEvaluation': 'train',
  'cassl.v1.EvaluatorService/ResumeEvaluation': 'train',
  'cassl.v1.EvaluatorService/GetEvaluation': 'read',
  'cassl.v1.EvaluatorService/ListEvaluations': 'read',
  'cassl.v1.EvaluatorService/WatchEvaluation': 'read',
  'cassl.v1.PipelineService/Start': 'train',
  'cassl.v1.PipelineService/Cancel': 'train',
  'cassl.v1.PipelineService/Resume': 'train',
  'cassl.v1.PipelineService/Check': 'train',
  'cassl.v1.PipelineService/Get': 'read',
  'cassl.v1.PipelineService/List': 'read',
  'cassl.v1.PipelineService/Watch': 'read',

  'cassl.v1.RegistryService/PublishCheckpoint': 'publish',
  'cassl.v1.RegistryService/GetUpload': 'publish',
  'cassl.v1.RegistryService/AttachEvaluation': 'publish',
  'cassl.v1.RegistryService/SetAlias': 'promote',
  'cassl.v1.RegistryService/RollbackAlias': 'promote',
  'cassl.v1.RegistryService/DeleteAlias': 'promote',
  'cassl.v1.RegistryService/SetAliasRule': 'admin',
  'cassl.v1.RegistryService/DeleteCheckpoint': 'admin',
  'cassl.v1.RegistryService/PruneCheckpoints': 'admin',
  'cassl.v1.RegistryService/ReclaimStorage': 'admin',
  'cassl.v1.RegistryService/VerifyCheckpoints': 'admin',
  'cassl.v1.RegistryService/CreateWebhook': 'admin',
  'cassl.v1.RegistryService/ListWebhooks': 'admin',
  'cassl.v1.RegistryService/DeleteWebhook': 'admin',
  'cassl.v1.RegistryService/ListAliases': 'read',
  'cassl.v1.RegistryService/GetLineage': 'read',
  'cassl.v1.RegistryService/GetCheckpoint': 'read',
  'cassl.v1.RegistryService/ListCheckpoints': 'read',
  'cassl.v1.RegistryService/DownloadCheckpoint': 'read',
  'cassl.v1.RegistryService/GetAlias': 'read',
  'cassl.v1.RegistryService/Watch': 'read',
};

/** The rule of a method's path, for example "cassl.v1.DetectorService/Detect". */
export function ruleOf(method: string): MethodRule {
  return Object.hasOwn(METHOD_SCOPES, method) ? (METHOD_SCOPES[method] ?? 'admin') : 'admin';
}

/** Methods that change something: each call of one leaves a line in the audit log. */
export function isChange(method: string): boolean {
  return !['read', 'infer', 'open'].includes(ruleOf(method));
}
