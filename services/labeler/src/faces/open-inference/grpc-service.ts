import {
  GRPCInferenceServiceDefinition,
  type LogSettingsResponse_SettingValue,
  type ModelStreamInferResponse,
} from '@cassl/proto/inference';
import { implement, type ServedService } from '@cassl/rpc';
import { timeLeftMs } from '../../online/time-left.ts';
import { askImages, awaitOutcomes, findView, type Caller, type Inference } from './ask-images.ts';
import { configureModel, describeModel, describeServer } from './describe-model.ts';
import { fromMessage, toMessage } from './grpc-messages.ts';
import { answerInOrder } from '../../online/answer-in-order.ts';
import { countModels, indexModels, loadModel, unloadModel } from './manage-models.ts';
import { LOG_SETTINGS, refuseChange, TRACE_SETTINGS } from './server-settings.ts';
import { openRegions, type SharedRegions } from './shared-memory/regions.ts';
import { startAnswers } from './stream-answers.ts';
import { readModelName } from './views/read-model-name.ts';

const STREAM_ANSWERS = 64;
const STREAM_BYTES = 64 * 2 ** 20;
const ALL_STREAMS_BYTES = 256 * 2 ** 20;
const CANARY_HEADER = 'x-cassl-canary';

interface GrpcContext {
  readonly signal: AbortSignal;
  readonly deadlineAt: number;
  readonly metadata: { get(name: string): string | Uint8Array | undefined };
}

function callerOf({ signal, deadlineAt, metadata }: GrpcContext, whenFull: Caller['whenFull']): Caller {
  const canary = metadata.get(CANARY_HEADER);
  const timeoutMs = timeLeftMs(deadlineAt);
  return { signal, timeoutMs, whenFull, canary: typeof canary === 'string' ? canary : undefined };
}

export interface OpenInferenceOptions {
  /** @default none allowed */
  readonly regions?: SharedRegions;
  /** What requests and unread answers of all streams hold; beyond it each stream has one under way. @default 256 MiB */
  readonly streamBytes?: number;
}

/** The Open Inference Protocol over gRPC. */
export function openInferenceService(
  inference: Inference,
  { regions = openRegions(), streamBytes = ALL_STREAMS_BYTES }: OpenInferenceOptions = {},
): ServedService {
  const window = {
    answers: STREAM_ANSWERS,
    bytes: STREAM_BYTES,
    together: { bytes: 0, most: streamBytes },
    sizeOf: sizeOfAnswer,
  };
  return implement(GRPCInferenceServiceDefinition, {
    serverLive: () => Promise.resolve({ live: true }),
    serverReady: () => Promise.resolve({ ready: inference.isReady() }),
    modelReady: ({ name }) => Promise.resolve({ ready: inference.isReady(readModelName(name).model) }),
    serverMetadata: () => Promise.resolve(describeServer(regions)),
    async modelMetadata({ name, version }, { signal }) {
      return describeModel(name, await findView(inference, name, version, signal));
    },
    async modelConfig({ name, version }, { signal }) {
      return { config: configureModel(name, await findView(inference, name, version, signal)) };
    },
    modelStatistics: async ({ name, version }) => ({
      modelStats: await countModels(inference, name, version),
    }),
    async modelInfer(message, context) {
      const request = fromMessage(message, regions);
      const { outcomes, outputs } = askImages(inference, request, callerOf(context, 'refuse'));
      return toMessage(request, await awaitOutcomes(outcomes), outputs);
    },
    modelStreamInfer: (messages, context) =>
      answerInOrder(
        messages,
        (message) =>
          startAnswers({ inference, regions, log: context.log }, message, callerOf(context, 'wait')),
        window,
      ),
    ...repository(inference),
    ...sharedMemory(regions),
    ...SETTINGS,
  });
}

function sizeOfAnswer({ inferResponse }: ModelStreamInferResponse): number {
  return inferResponse?.rawOutputContents.reduce((sum, { length }) => sum + length, 0) ?? 0;
}

interface RepositoryMessage {
  readonly repositoryName: string;
  readonly modelName: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** KServe's clients have the model's name where Triton's have the repository's. */
function nameIn({ repositoryName, modelName }: RepositoryMessage): string {
  return readModelName(modelName === '' ? repositoryName : modelName).model;
}

function repository(inference: Inference) {
  return {
    repositoryIndex: ({ ready }: { readonly ready: boolean }) =>
      Promise.resolve({ models: indexModels(inference, ready) }),
    async repositoryModelLoad(message: RepositoryMessage, { signal }: GrpcContext) {
      const name = nameIn(message);
      await loadModel(inference, name, Object.keys(message.parameters), signal);
      return { modelName: name, isLoaded: true };
    },
    async repositoryModelUnload(message: RepositoryMessage) {
      const name = nameIn(message);
      await unloadModel(inference, name);
      return { modelName: name, isUnloaded: true };
    },
  };
}

interface RegionMessage {
  readonly name: string;
  readonly key: string;
  readonly offset: string;
  readonly byteSize: string;
}

/** CUDA's needs a GPU that both sides see: always disabled. */
function sharedMemory(regions: SharedRegions) {
  const noRegions = openRegions();
  return {
    async systemSharedMemoryStatus({ name }: { readonly name: string }) {
      const rows = await Promise.resolve(name).then((wanted) => regions.list(wanted));
      return { regions: Object.fromEntries(rows.map((row) => [row.name, row])) };
    },
    async systemSharedMemoryRegister({ name, key, offset, byteSize }: RegionMessage) {
      const spec = { name, key, offset: Number(offset), byteSize: Number(byteSize) };
      // The handlers of unary calls must give promises, also where they throw.
      await Promise.resolve(spec).then((one) => regions.register(one));
      return {};
    },
    systemSharedMemoryUnregister({ name }: { readonly name: string }) {
      regions.unregister(name);
      return Promise.resolve({});
    },
    cudaSharedMemoryStatus: () => Promise.resolve({ regions: {} }),
    async cudaSharedMemoryRegister({ name }: { readonly name: string }) {
      await Promise.resolve({ name, key: '', offset: 0, byteSize: 0 }).then((one) => noRegions.register(one));
      return {};
    },
    cudaSharedMemoryUnregister: () => Promise.resolve({}),
  };
}

interface Changes {
  readonly settings: Readonly<Record<string, unknown>>;
}

const SETTINGS = {
  async traceSetting({ settings }: Changes) {
    await Promise.resolve(refuseChange('trace', Object.keys(settings)));
    const rows = Object.entries(TRACE_SETTINGS).map(([name, value]) => [name, { value: [...value] }]);
    return { settings: Object.fromEntries(rows) as Record<string, { value: string[] }> };
  },
  async logSettings({ settings }: Changes) {
    await Promise.resolve(refuseChange('log', Object.keys(settings)));
    const rows = Object.entries(LOG_SETTINGS).map(([name, value]) => [name, logValue(value)]);
    return { settings: Object.fromEntries(rows) as Record<string, LogSettingsResponse_SettingValue> };
  },
};

function logValue(value: boolean | number | string): LogSettingsResponse_SettingValue {
  if (typeof value === 'boolean') return { parameterChoice: { $case: 'boolParam', value } };
  if (typeof value === 'number') return { parameterChoice: { $case: 'uint32Param', value } };
  return { parameterChoice: { $case: 'stringParam', value } };
}
