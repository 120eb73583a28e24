import { unavailable, unimplemented } from '@cassl/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from '@cassl/http';
import { askImages, awaitOutcomes, findView, isModelReady, type Inference } from '../ask-images.ts';
import { configureModel, describeModel } from '../describe-model.ts';
import { countModels } from '../manage-models.ts';
import { TRACE_SETTINGS } from '../server-settings.ts';
import type { SharedRegions } from '../shared-memory/regions.ts';
import { compressAnswer } from './compress-answer.ts';
import { parseModelPath, type ModelPath } from './model-path.ts';
import { HEADER_LENGTH, readInferBody } from './read-infer-body.ts';
import { asInfer, callerOf } from './rest-caller.ts';
import { refuseChangesIn } from './settings-routes.ts';
import { snakeCase } from './snake-case.ts';
import { writeInferAnswer } from './write-infer-answer.ts';

export interface RestFace {
  readonly inference: Inference;
  readonly regions: SharedRegions;
}

/** `/v2/models/…` */
export function modelRoutes(app: FastifyInstance, { inference, regions }: RestFace): void {
  app.get('/v2/models/stats', asInfer, async () =>
    snakeCase({ modelStats: await countModels(inference, '', '') }),
  );
  app.get('/v2/models/*', asInfer, (request) => {
    const path = parseModelPath(tailOf(request));
    return answerGet(inference, path, request.caller.signal);
  });
  app.post('/v2/models/*', asInfer, (request, reply) => {
    const path = parseModelPath(tailOf(request));
    if (path.action === 'infer') return infer({ inference, regions }, path, request, reply);
    if (path.action === 'trace/setting') {
      refuseChangesIn('trace', request);
      return answerGet(inference, path, request.caller.signal);
    }
    throw unimplemented(`POST ${request.url.slice(0, 200)} is not served here; infer is`);
  });
}

function tailOf({ params }: FastifyRequest): string {
  return (params as { readonly '*': string })['*'];
}

async function answerGet(
  inference: Inference,
  { model, version, action }: ModelPath,
  signal: AbortSignal,
): Promise<unknown> {
  switch (action) {
    case 'ready':
      if (!isModelReady(inference, model, version)) {
        const which = version === '' ? '' : ` in version ${version.slice(0, 100)}`;
        throw unavailable(`model ${model} is not ready${which}`);
      }
      return { name: model, ready: true };
    case 'config':
      return snakeCase(configureModel(model, await findView(inference, model, version, signal)));
    case 'stats':
      return snakeCase({ modelStats: await countModels(inference, model, version) });
    case 'trace/setting':
      await findView(inference, model, version, signal);
      return TRACE_SETTINGS;
    case '':
      return describeModel(model, await findView(inference, model, version, signal));
    default:
      throw unimplemented(`GET of ${action} is not served here`);
  }
}

async function infer(
  { inference, regions }: RestFace,
  path: ModelPath,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { headers } = request;
  const length = headers[HEADER_LENGTH];
  const given = { headerLength: length?.toString(), regions };
  const body = readInferBody(path, (request.body ?? Buffer.alloc(0)) as Buffer, given);
  const { outcomes, outputs } = askImages(inference, body, callerOf(request));
  const answer = writeInferAnswer(body, await awaitOutcomes(outcomes), outputs);
  const sent = await compressAnswer(answer.body, headers['accept-encoding']?.toString());
  if (sent.encoding !== undefined) void reply.header('content-encoding', sent.encoding);
  if (answer.headerLength !== undefined) void reply.header(HEADER_LENGTH, answer.headerLength);
  return reply
    .type(answer.headerLength === undefined ? 'application/json' : 'application/octet-stream')
    .send(sent.body);
}
