import { z } from 'zod';
import { detectAnswer, detectQuery } from './detect-schema.ts';

type Schema = Readonly<Record<string, unknown>>;

const ERRORS: Readonly<Record<string, string>> = {
  400: 'The request or the image is not right; the message names the field.',
  401: 'No token that this service knows.',
  403: 'The token lacks the scope `infer`.',
  404: 'No such model.',
  413: 'The body is over the limit.',
  429: 'The queue or the quota is full; `Retry-After` says when to try again.',
  503: 'The service is stopping; try again.',
  504: 'No answer within the time.',
};

/** The OpenAPI document of the simple face; made of the schemas that check its requests. */
export function describeDetect(): Schema {
  const parameters = Object.entries(schemaOf(detectQuery, 'input')).map(
    ([name, { description, ...schema }]) => ({ name, in: 'query', description, schema }),
  );
  const form = Object.fromEntries(
    parameters.map(({ name, description, schema }) => [name, { ...schema, description }]),
  );
  const file = { type: 'string', format: 'binary', description: 'JPEG, PNG, WebP, GIF, TIFF or HEIF.' };
  return {
    openapi: '3.1.0',
    info: {
      title: 'cassl',
      version: '1',
      description: 'Detects objects in images.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }],
    paths: {
      '/v1/detect': {
        post: {
          operationId: 'detect',
          summary: 'Detects objects in one image',
          parameters,
          requestBody: {
            required: true,
            content: {
              'image/*': { schema: file },
              'application/octet-stream': { schema: file },
              'multipart/form-data': {
                schema: { type: 'object', required: ['image'], properties: { image: file, ...form } },
              },
            },
          },
          responses: {
            200: {
              description: 'What was found, or the image with it drawn.',
              content: {
                'application/json': { schema: { $ref: '#/components/schemas/Detections' } },
                'image/png': { schema: { type: 'string', format: 'binary' } },
              },
            },
            ...Object.fromEntries(
              Object.entries(ERRORS).map(([status, description]) => [
                status,
                {
                  description,
                  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
                },
              ]),
            ),
          },
        },
      },
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Detections: withoutDialect(z.toJSONSchema(detectAnswer)), Error: errorSchema() },
    },
  };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, Record<string, unknown>> {
  const { properties } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return properties as Record<string, Record<string, unknown>>;
}

function withoutDialect({ $schema: _, ...schema }: Schema): Schema {
  return schema;
}

function errorSchema(): Schema {
  const text = { type: 'string' };
  return {
    type: 'object',
    required: ['error'],
    properties: {
      error: { type: 'object', required: ['code', 'message'], properties: { code: text, message: text } },
    },
  };
}
