import { errorMessage } from '@cassl/errors';
import { MODEL_RUNTIMES } from '@cassl/inference';
import { addressSettings, portSetting, readConfig, serverSettings, setting, type ConfigOf } from '@cassl/rpc';
import { USUAL_BATCH } from '@cassl/workers/inference-options';
import { z } from 'zod';
import { areModelRuntimes } from './online/model-runtimes.ts';

const whole = (low: number, high: number, fallback: number): z.ZodType<number> =>
  z.coerce.number().int().min(low).max(high).default(fallback);

const trialSchema = z.record(
  z.string(),
  z.strictObject({
    kind: z.enum(['canary', 'shadow']),
    model: z.string().min(1),
    weight: z.number().min(0).max(1),
    compare: z.number().min(0).max(1).default(0.1),
    mostFailures: z.number().min(0).max(1).default(0.05),
    leastAgreement: z.number().min(0).max(1).default(0),
  }),
);

function isOrigin(text: string): boolean {
  return text === '*' || (URL.canParse(text) && new URL(text).origin === text);
}

function readTrials(text: string, context: z.RefinementCtx): z.output<typeof trialSchema> {
  try {
    return trialSchema.parse(JSON.parse(text));
  } catch (error) {
    const message = error instanceof z.ZodError ? z.prettifyError(error) : errorMessage(error);
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
}

/** The labeler's settings; the table in its README is made from this. */
export const settings = {
  ...serverSettings({ port: 7102, metricsPort: 9102 }),
  ...addressSettings(),
  httpPort: portSetting(
    'CASSL_HTTP_PORT',
    7182,
    'Port of the HTTP faces: Open Inference Protocol, `/v1/detect`, Label Studio, CVAT; 0 takes a free one',
  ),
  httpTimeoutMs: setting(
    'CASSL_HTTP_TIMEOUT_MS',
    whole(100, 3_600_000, 60_000),
    'Milliseconds within which an HTTP request has its answer, a model that it loads included',
  ),
  httpBodyMb: setting('CASSL_HTTP_BODY_MB', whole(1, 2048, 64), 'MiB of the body of one HTTP request'),
  httpHeldMb: setting(
    'CASSL_HTTP_HELD_MB',
    whole(1, 1_000_000, 512),
    'MiB of the bodies of all HTTP requests that are being read or answered; beyond it they get RESOURCE_EXHAUSTED',
  ),
  httpOrigins: setting(
    'CASSL_HTTP_ORIGINS',
    z
      .string()
      .default('')
      .transform((text) =>
        text
          .split(',')
          .map((origin) => origin.trim())
          .filter((origin) => origin !== ''),
      )
      .refine((origins) => origins.every(isOrigin), 'must be origins such as https://app.example, or *'),
    'Origins, separated by commas, whose web pages may call the HTTP port from a browser; `*` for all, empty for none',
  ),
  sharedMemory: setting(
    'CASSL_SHARED_MEMORY',
    z.enum(['off', 'system']).default('off'),
    'Whether clients of the Open Inference Protocol on this machine may hand tensors over in `/dev/shm`: `off`, or `system`, where whoever may infer may have this process read and write any object there that it has the right to',
  ),
  labelStudioUrl: setting(
    'CASSL_LABEL_STUDIO_URL',
    z.url({ protocol: /^https?$/ }).optional(),
    'Label Studio whose uploaded files tasks may name; unset: none',
  ),
  labelStudioToken: setting(
    'CASSL_LABEL_STUDIO_TOKEN',
    z.string().optional(),
    'Access token of a user of that Label Studio',
    { isSecret: true },
  ),
  registryAddress: setting(
    'CASSL_REGISTRY_ADDRESS',
    z.string().default('127.0.0.1:7100'),
    'Address of the registry service',
  ),
  teacherEndpoints: setting(
    'CASSL_TEACHER_ENDPOINTS',
    z
      .string()
      .default('')
      .transform((text) => text.split(',').flatMap((address) => address.trim() || [])),
    'Open Inference Protocol servers that a labeling may name as its teacher: `host:port` of gRPC, `http://host:port` of HTTP, comma-separated; empty for none',
  ),
  dataDir: setting(
    'CASSL_DATA_DIR',
    z.string().default('.cassl/labeler'),
    'Folder for downloaded checkpoints',
  ),
  scalerPort: setting(
    'CASSL_SCALER_PORT',
    z.coerce.number().int().min(0).max(65535).optional(),
    'Port where KEDA asks for the amount of work, without token or TLS; unset: none',
  ),
  labelWorkers: setting(
    'CASSL_LABEL_WORKERS',
    whole(0, 256, 1),
    'Worker processes that label shards; 0 where other machines do it',
  ),
  shardAckWaitMs: setting(
    'CASSL_SHARD_ACK_WAIT_MS',
    whole(1000, 3_600_000, 30_000),
    'Milliseconds of silence after which a shard goes to another worker',
  ),
  shardTimeoutMs: setting(
    'CASSL_SHARD_TIMEOUT_MS',
    whole(10_000, 86_400_000, 1_800_000),
    'Milliseconds after which a shard has failed once and its worker is replaced',
  ),
  labelPools: setting(
    'CASSL_LABEL_POOLS',
    z
      .string()
      .default('')
      .transform((text) => text.split(',').map((name) => name.trim())),
    'Kinds of jobs that the label workers take (their worker_pool), comma-separated; empty for those that name none',
  ),
  batchSize: setting('CASSL_BATCH_SIZE', whole(1, 256, USUAL_BATCH), 'Images of one forward pass, at most'),
  maxQueuedImages: setting(
    'CASSL_MAX_QUEUED_IMAGES',
    whole(1, 100_000, 256),
    'Images that one model holds, waiting or computed; beyond it requests get RESOURCE_EXHAUSTED and streams wait',
  ),
  maxQueuedMb: setting('CASSL_MAX_QUEUED_MB', whole(1, 65_536, 256), 'The same in MiB of image files'),
  maxQueuedMegapixels: setting(
    'CASSL_MAX_QUEUED_MEGAPIXELS',
    whole(1, 1_000_000, 1000),
    'The same in megapixels, counted from the headers',
  ),
  decodeMegapixels: setting(
    'CASSL_DECODE_MEGAPIXELS',
    whole(1, 100_000, 128),
    'Megapixels that one model process decodes at the same time; a larger image is decoded alone',
  ),
  pinnedModels: setting(
    'CASSL_PINNED_MODELS',
    z
      .string()
      .default('')
      .transform((text) =>
        text
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== ''),
      ),
    'Aliases or digests, separated by commas, that are loaded at the start and never evicted; the service is ready when all are warm',
  ),
  trials: setting(
    'CASSL_MODEL_TRIALS',
    z.string().default('{}').transform(readTrials),
    'Canaries and shadows by served name, JSON: `{"prod": {"kind": "canary", "model": "next", "weight": 0.1, "leastAgreement": 0.8}}`',
  ),
  modelRuntimes: setting(
    'CASSL_MODEL_RUNTIME',
    z
      .string()
      .refine(areModelRuntimes, `must be ${MODEL_RUNTIMES.join(', ')}, or NAME=RUNTIME, separated by commas`)
      .default('torch'),
    'What computes: `torch` (our engine), `onnx` (onnxruntime), or `auto`: the faster of both where they agree, measured when a model loads. Others by model: `auto, demo/detector=onnx`',
  ),
  modelMemoryMb: setting(
    'CASSL_MODEL_MEMORY_MB',
    whole(0, 10_000_000, 0),
    'Memory for resident models together, MiB; 0 is 70 % of what this process may use',
  ),
  modelPolicy: setting(
    'CASSL_MODEL_POLICY',
    z.enum(['evict', 'refuse']).default('evict'),
    'Over that memory: `evict` the idle model used least recently, or `refuse` with RESOURCE_EXHAUSTED',
  ),
  modelLoadMs: setting(
    'CASSL_MODEL_LOAD_MS',
    whole(1000, 3_600_000, 120_000),
    'Milliseconds that a model may take to load and warm up',
  ),
  inferenceHangMs: setting(
    'CASSL_INFERENCE_HANG_MS',
    whole(1000, 3_600_000, 120_000),
    'Milliseconds without an answer after which a model process is taken for hung and replaced',
  ),
};

export type LabelerConfig = ConfigOf<typeof settings>;

export function readLabelerConfig(env: NodeJS.ProcessEnv = process.env): LabelerConfig {
  return readConfig(settings, env);
}
