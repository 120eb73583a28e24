import { invalidArgument, notFound } from '@cassl/errors';
import {
  boundedList,
  parseJson,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from '@cassl/http';
import type { InferenceRuntime } from '@cassl/inference';
import { z } from 'zod';
import { inferBatch } from '../http/infer-batch.ts';
import { readLabelConfig, type LabelConfig } from './read-label-config.ts';
import { readTaskImage, type LabelStudioServer } from './read-task-image.ts';
import { writePrediction } from './write-prediction.ts';

export interface LabelStudioOptions {
  readonly inference: Pick<InferenceRuntime, 'infer' | 'find' | 'isReady'>;
  /** For a backend whose address names no model. */
  readonly defaultModel: string | undefined;
  /** Whose uploaded files may be fetched. */
  readonly server: LabelStudioServer | undefined;
}

/** Where the configuration says nothing: what is shown to people should mostly be right. */
const DEFAULT_THRESHOLD = 0.3;
const MAX_TASKS = 10_000;

const predictSchema = z.object({
  tasks: boundedList(z.object({ data: z.record(z.string(), z.unknown()) }), MAX_TASKS),
  label_config: z.string(),
});
const setupSchema = z.object({ schema: z.string() });
const validateSchema = z.object({ config: z.string() });

/**
 * A Label Studio ML backend: the address that people enter there is `http://host:port/label-studio/MODEL`, or without the model for the
 * default one; the token is the password of its basic authentication.
 */
export function labelStudioRoutes(app: FastifyInstance, options: LabelStudioOptions): void {
  const asInfer = { config: { scope: 'infer' } } as const;
  for (const path of ['/label-studio', '/label-studio/*']) {
    app.get(path, asInfer, (request) => answerGet(options, placeOf(request), request));
    app.post(path, asInfer, (request, reply) => answerPost(options, placeOf(request), request, reply));
  }
}

interface Place {
  readonly model: string | undefined;
  readonly action: string;
}

/** `shop/prod/predict`: the model and what is asked of it. */
function placeOf({ params }: FastifyRequest): Place {
  const tail = (params as { readonly '*'?: string })['*'] ?? '';
  const cut = tail.lastIndexOf('/');
  const model = tail.slice(0, Math.max(0, cut));
  return { model: model === '' ? undefined : model, action: tail.slice(cut + 1) };
}

function modelOf({ defaultModel }: LabelStudioOptions, { model }: Place): string {
  const name = model ?? defaultModel;
  if (name === undefined)
    throw invalidArgument(
      'the address names no model: it must be …/label-studio/MODEL, an alias or a digest',
    );
  return name;
}

async function answerGet(
  options: LabelStudioOptions,
  place: Place,
  request: FastifyRequest,
): Promise<object> {
  switch (place.action) {
    // Label Studio asks by GET, though its client hands a body over.
    case 'versions':
      return listVersions(options, place, request);
    case 'is_training':
      return { is_training: false };
    case 'health':
      return { status: 'UP', model_class: 'cassl', model: place.model ?? options.defaultModel };
    // Without an action the last part of the path is the model's.
    default:
      return { status: 'UP', model_class: 'cassl' };
  }
}

async function answerPost(
  options: LabelStudioOptions,
  place: Place,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<object> {
  const body = (request.body ?? Buffer.alloc(0)) as Buffer;
  switch (place.action) {
    case 'predict':
      return predict(options, modelOf(options, place), request);
    case 'setup': {
      readLabelConfig(parseJson(body, setupSchema).schema, 'schema');
      return { model_version: await versionOf(options, modelOf(options, place), request) };
    }
    case 'validate':
      readLabelConfig(parseJson(body, validateSchema).config, 'config');
      return { status: 'ok' };
    case 'versions':
      return listVersions(options, place, request);
    case 'webhook':
    case 'train':
      // Annotations become trainings by pipelines, not by a click in another program.
      void reply.code(201);
      return { status: 'ignored', reason: 'this backend predicts and does not train' };
    case 'delete':
    case 'duplicate_model':
      return {};
    case 'job_status':
      return { job_status: 'finished' };
    default:
      throw notFound(`POST ${request.url.slice(0, 200)} is not a call of an ML backend`);
  }
}

async function versionOf(
  { inference }: LabelStudioOptions,
  model: string,
  { caller }: FastifyRequest,
): Promise<string> {
  const { digest } = await inference.find(model, caller.signal);
  return versionText(model, digest);
}

async function listVersions(
  options: LabelStudioOptions,
  place: Place,
  request: FastifyRequest,
): Promise<object> {
  return { versions: [await versionOf(options, modelOf(options, place), request)] };
}

/** Label Studio groups predictions by it. */
function versionText(model: string, digest: string): string {
  return `${model} ${digest.slice(0, 12)}`;
}

async function predict(options: LabelStudioOptions, model: string, request: FastifyRequest): Promise<object> {
  const { tasks, label_config: xml } = parseJson((request.body ?? Buffer.alloc(0)) as Buffer, predictSchema);
  const config = readLabelConfig(xml);
  const { signal } = request.caller;
  const outcomes = await inferBatch(options.inference, request, tasks, async ({ data }, index) => ({
    model,
    image: {
      kind: 'encoded',
      bytes: await readTaskImage(data[config.dataKey], {
        field: `tasks[${index}].data.${config.dataKey}`,
        server: options.server,
        signal,
      }),
    },
    options: optionsOf(config),
  }));
  const version = await versionOf(options, model, request);
  const results = outcomes.map((outcome) =>
    'answer' in outcome
      ? writePrediction(config, outcome.answer, versionText(model, outcome.answer.model.digest))
      : { result: [], score: 0, model_version: version, error: outcome.error },
  );
  return { results, model_version: version };
}

function optionsOf({ threshold = DEFAULT_THRESHOLD, kind }: LabelConfig) {
  return { threshold, masks: kind !== 'rectanglelabels' };
}
