export type {
  Box,
  CasslClient,
  ClientOptions,
  DetectOptions,
  Detection,
  Detections,
  Picture,
  StreamAnswer,
} from './client.ts';
export { connect, type GrpcClientOptions } from './grpc.ts';
export { connectHttp } from './http.ts';
