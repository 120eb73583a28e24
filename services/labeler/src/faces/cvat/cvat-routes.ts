import { invalidArgument, notFound } from '@cassl/errors';
import { boundedList, parseJson, type FastifyInstance, type FastifyRequest } from '@cassl/http';
import type { InferenceRuntime } from '@cassl/inference';
import { z } from 'zod';
import { inferBatch } from '../http/infer-batch.ts';
import { describeFunction, functionId } from './describe-function.ts';
import { writeShapes } from './write-shapes.ts';

export interface CvatOptions {
  readonly inference: Pick<InferenceRuntime, 'infer' | 'find' | 'list'>;
  /** Models that are functions whether they are resident or not; the first one answers calls that name none. */
  readonly pinnedModels: readonly string[];
}

const NAME_HEADER = 'x-nuclio-function-name';
const DEFAULT_THRESHOLD = 0.5;
const MAX_IMAGES = 256;

/** Decoders take whatever looks like base64 out of any text. */
const base64 = z.string().regex(/^[A-Za-z0-9+/=\s]*$/, 'must be a file in base64');
/** Some clients can only send text. */
const threshold = z
  .union([z.number(), z.string().regex(/\d/).transform(Number)], { error: 'must be a number in [0, 1)' })
  .pipe(z.number().min(0).lt(1));
const invocationSchema = z
  .object({
    image: base64.optional(),
    images: boundedList(base64, MAX_IMAGES)
      .refine(({ length }) => length > 0, 'must have at least 1 item')
      .optional(),
    threshold: threshold.nullish().transform((given) => given ?? DEFAULT_THRESHOLD),
  })
  .refine(({ image, images }) => (image === undefined) !== (images === undefined), {
    message: 'give image, or images for a batch: files in base64',
    path: ['image'],
  });

/**
 * CVAT's automatic annotation: what it asks of nuclio's dashboard. Every pinned and every resident model is a detector function; a
 * token is the password in CVAT_NUCLIO_HOST.
 */
export function cvatRoutes(app: FastifyInstance, { inference, pinnedModels }: CvatOptions): void {
  const asInfer = { config: { scope: 'infer' } } as const;
  const models = (): string[] => [
    ...new Set([
      ...pinnedModels,
      ...inference.list().flatMap(({ names, digest }) => (names.length === 0 ? [digest] : names)),
    ]),
  ];
  const modelOf = (id: string): string => {
    const model = models().find((name) => functionId(name) === id || name === id);
    if (model === undefined)
      throw notFound(
        `function ${id.slice(0, 100)} is not here; those are ${models().map(functionId).join(', ') || 'none'}`,
      );
    return model;
  };
  const describe = async (model: string, { caller, socket }: FastifyRequest): Promise<object> =>
    describeFunction(
      model,
      await inference.find(model, caller.signal),
      model === pinnedModels[0] ? socket.localPort : undefined,
    );

  app.get('/api/functions', asInfer, async (request) => {
    const all = models();
    const described = await Promise.all(all.map((model) => describe(model, request)));
    return Object.fromEntries(all.map((model, index) => [functionId(model), described[index]]));
  });
  app.get('/api/functions/:id', asInfer, (request) =>
    describe(modelOf((request.params as { readonly id: string }).id), request),
  );
  app.post('/api/function_invocations', asInfer, (request) => {
    const id = request.headers[NAME_HEADER];
    if (typeof id !== 'string') throw invalidArgument(`the header ${NAME_HEADER} must name a function`);
    return invoke(inference, modelOf(id), request);
  });
  // As CVAT calls a function directly (CVAT_NUCLIO_INVOKE_METHOD=direct): a port is one function.
  app.post('/', asInfer, (request) => {
    const [model] = pinnedModels;
    if (model === undefined)
      throw invalidArgument('this service has no CASSL_PINNED_MODELS: name a function');
    return invoke(inference, model, request);
  });
}

async function invoke(
  inference: CvatOptions['inference'],
  model: string,
  request: FastifyRequest,
): Promise<object[]> {
  const body = (request.body ?? Buffer.alloc(0)) as Buffer;
  const { image, images, threshold: least } = parseJson(body, invocationSchema);
  const files = images ?? [image ?? ''];
  const outcomes = await inferBatch(inference, request, files, (file) =>
    Promise.resolve({
      model,
      image: { kind: 'encoded', bytes: Buffer.from(file, 'base64') },
      options: { threshold: least, masks: true },
    }),
  );
  const answers = outcomes.map((outcome) =>
    'answer' in outcome ? writeShapes(outcome.answer) : { error: outcome.error },
  );
  return images === undefined ? (answers[0] as object[]) : answers;
}
