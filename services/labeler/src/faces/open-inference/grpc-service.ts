import { GRPCInferenceServiceDefinition, type ModelStreamInferResponse } from '@cassl/proto/inference';
import { implement, type ServedService } from '@cassl/rpc';
import { timeLeftMs } from '../../online/time-left.ts';
import {
  askImages,
  awaitOutcomes,
  findView,
  isModelReady,
  type Caller,
  type Inference,
} from './ask-images.ts';
import { configureModel, describeModel, describeServer } from './describe-model.ts';
import { fromMessage, toMessage } from './grpc-messages.ts';
import { settingsCalls } from './grpc-settings.ts';
import { answerInOrder, shareHold } from '../../online/answer-in-order.ts';
import { countModels, indexModels, loadModel, unloadModel } from './manage-models.ts';
import { noCuda, NO_REGIONS, type SharedRegions } from './shared-memory/regions.ts';
import { startAnswers } from './stream-answers.ts';
import { readModelName } from './views/read-model-name.ts';

const STREAM_ANSWERS = 64;
const STREAM_BYTES = 64 * 2 ** 20;
const ALL_STREAMS_BYTES = 256 * 2 ** 20;
/** What is computed ahead of readers who may never read: more than a queue that is always full wants. */
const ALL_STREAMS_ANSWERS = 512;
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
  { regions = NO_REGIONS, streamBytes = ALL_STREAMS_BYTES }: OpenInferenceOptions = {},
): ServedService {
  const window = {
    answers: STREAM_ANSWERS,
    bytes: STREAM_BYTES,
    together: shareHold({ bytes: streamBytes, answers: ALL_STREAMS_ANSWERS }),
    sizeOf: sizeOfAnswer,
  };
  return implement(GRPCInferenceServiceDefinition, {
    serverLive: () => Promise.resolve({ live: true }),
    serverReady: () => Promise.resolve({ ready: inference.isReady() }),
    modelReady: ({ name, version }) => Promise.resolve({ ready: isModelReady(inference, name, version) }),
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
    ...settingsCalls(inference),
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

/** CUDA's needs a GPU that both sides see: nobody has a region of it. */
function sharedMemory(regions: SharedRegions) {
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
    async cudaSharedMemoryStatus({ name }: { readonly name: string }) {
      await Promise.resolve(name).then((wanted) => NO_REGIONS.list(wanted));
      return { regions: {} };
    },
    cudaSharedMemoryRegister: () => Promise.reject(noCuda('CudaSharedMemoryRegister')),
    cudaSharedMemoryUnregister: () => Promise.resolve({}),
  };
}
