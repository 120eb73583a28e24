import { lazyBytes, pieceBytes, type FilePiece } from '@cassl/checkpoints';
import { invalidArgument } from '@cassl/errors';
import { GraphProto, ModelProto, TensorProto, type ValueInfoProto } from '@cassl/proto/onnx';
import type { Graph, Initializer } from './graph.ts';

/** Of the messages, by operator set: what onnx itself stamps. */
const IR_VERSIONS: Readonly<Record<number, number>> = {
  20: 9,
  21: 10,
  22: 10,
  23: 11,
  24: 12,
  25: 13,
  26: 13,
};

export const OPSETS = Object.keys(IR_VERSIONS).map(Number);

export interface ModelFile {
  readonly graph: Graph;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly opset: number;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Protobuf's own limit, which every reader has. */
const MAX_BYTES = 2 ** 31 - 1;

/** Tags of length-delimited fields: (field number << 3) | 2. */
const GRAPH_OF_MODEL = 7 * 8 + 2;
const INITIALIZER_OF_GRAPH = 5 * 8 + 2;
const RAW_DATA_OF_TENSOR = 9 * 8 + 2;

/**
 * The file piece by piece, weights as they are stored: encoding a message of several hundred megabytes would copy them, and
 * a registry sends them straight from its blob.
 * @throws INVALID_ARGUMENT where the file would pass protobuf's 2 GiB
 */
export function modelPieces(file: ModelFile): FilePiece[] {
  const { graph, inputs, outputs, opset } = file;
  const head = ModelProto.encode(
    ModelProto.fromPartial({
      irVersion: IR_VERSIONS[opset]!,
      opsetImport: [{ domain: '', version: opset }],
      producerName: 'cassl',
      docString: file.description,
      metadataProps: Object.entries(file.metadata).map(([key, value]) => ({ key, value })),
    }),
  ).finish();
  const body = GraphProto.encode(
    GraphProto.fromPartial({
      name: 'detector',
      node: [...graph.nodes],
      input: [...inputs],
      output: [...outputs],
    }),
  ).finish();
  const weights = graph.initializers.flatMap(initializerPieces);
  const inGraph = [body, ...weights];
  const graphBytes = inGraph.reduce((sum, piece) => sum + pieceBytes(piece), 0);
  const pieces = [head, delimiter(GRAPH_OF_MODEL, graphBytes), ...inGraph];
  if (pieces.reduce((sum, piece) => sum + pieceBytes(piece), 0) > MAX_BYTES) {
    throw invalidArgument(
      `the ONNX file would have ${graphBytes} bytes, more than the ${MAX_BYTES} of a protobuf message`,
    );
  }
  return pieces;
}

function initializerPieces({ name, tensor }: Initializer): FilePiece[] {
  const dataType = tensor.dtype === 'I64' ? 7 : 1;
  const head = TensorProto.encode(
    TensorProto.fromPartial({ name, dims: [...tensor.shape], dataType }),
  ).finish();
  const data = delimiter(RAW_DATA_OF_TENSOR, lazyBytes(tensor));
  const size = head.byteLength + data.byteLength + lazyBytes(tensor);
  return [Buffer.concat([delimiter(INITIALIZER_OF_GRAPH, size), head, data]), tensor];
}

/** Tag and length, as base-128 varints. */
function delimiter(tag: number, length: number): Uint8Array {
  const bytes = [tag];
  let rest = length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}
