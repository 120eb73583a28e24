export type { HttpCaller } from './http-request.ts';
export { openHttpServer, type HttpServer, type HttpServerOptions } from './open-http-server.ts';
export { openHttpApp, type HttpAppOptions } from './open-http-app.ts';
export { boundedList, boundedRecord } from './bounded-list.ts';
export { parseJson, parseValue } from './parse-json.ts';
export type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
