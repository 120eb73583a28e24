/** What computes a model: our engine, onnxruntime, or whichever is measured to be faster when the model is loaded. */
export const MODEL_RUNTIMES = ['torch', 'onnx', 'auto'] as const;
export type ModelRuntime = (typeof MODEL_RUNTIMES)[number];
