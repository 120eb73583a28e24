import { invalidArgument } from '@cassl/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from '@cassl/http';
import type { InferenceRuntime } from '@cassl/inference';
import { inferFromHttp } from '../http/infer-from-http.ts';
import type { DetectQuery } from './detect-schema.ts';
import { drawAnswer } from './draw-answer.ts';
import { describeDetect } from './openapi.ts';
import { readDetectRequest } from './read-detect-request.ts';
import { writeDetectAnswer } from './write-detect-answer.ts';

export interface DetectRoutesOptions {
  readonly inference: Pick<InferenceRuntime, 'infer'>;
  /** For requests that name none. */
  readonly defaultModel: string | undefined;
}

/** `POST /v1/detect`: an image in, findings out, as JSON or drawn; and `/openapi.json`, which describes it. */
export function detectRoutes(app: FastifyInstance, { inference, defaultModel }: DetectRoutesOptions): void {
  const openapi = describeDetect();
  app.get('/openapi.json', { config: { scope: 'open' } }, () => Promise.resolve(openapi));
  app.post('/v1/detect', { config: { scope: 'infer' } }, async (request, reply) => {
    const { image, query } = await readDetectRequest(request);
    const name = query.model ?? defaultModel;
    if (name === undefined)
      throw invalidArgument(
        'model must be given: an alias or a digest; this service has no CASSL_PINNED_MODELS',
      );
    request.caller.takeImages(1);
    const answer = await inferFromHttp(inference, request, {
      model: name,
      image: { kind: 'encoded', bytes: image },
      options: optionsOf(query),
      ...(query.priority === undefined ? {} : { priority: query.priority }),
    });
    return wantsPicture(request, query)
      ? sendPicture(reply, await drawAnswer(image, answer))
      : writeDetectAnswer(name, answer);
  });
}

function optionsOf({
  threshold,
  max_detections: maxDetections,
  masks,
  non_overlap: nonOverlap,
}: DetectQuery) {
  return {
    ...(threshold === undefined ? {} : { threshold }),
    ...(maxDetections === undefined ? {} : { maxDetections }),
    ...(masks === undefined ? {} : { masks }),
    ...(nonOverlap === undefined ? {} : { nonOverlap }),
  };
}

function wantsPicture({ headers }: FastifyRequest, { draw }: DetectQuery): boolean {
  return draw ?? (headers.accept ?? '').split(',').some((type) => type.trim().startsWith('image/png'));
}

function sendPicture(reply: FastifyReply, png: Buffer): FastifyReply {
  return reply.type('image/png').send(png);
}
