// A file format, apart from the contract of our own.
export * from './gen/onnx/onnx.ts';
