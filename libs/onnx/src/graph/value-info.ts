import { ValueInfoProto } from '@cassl/proto/onnx';

/** A named input or output as callers see it. */
export interface Port {
  readonly name: string;
  readonly type: 'float32' | 'int64';
  /** A number is fixed; a text names a side that may differ from call to call. */
  readonly shape: readonly (number | string)[];
  /** For people. */
  readonly description: string;
}

export function valueInfo({ name, type, shape, description }: Port): ValueInfoProto {
  return ValueInfoProto.fromPartial({
    name,
    docString: description,
    type: {
      value: {
        $case: 'tensorType',
        value: {
          elemType: type === 'int64' ? 7 : 1,
          shape: {
            dim: shape.map((side) => ({
              value:
                typeof side === 'number'
                  ? { $case: 'dimValue', value: side }
                  : { $case: 'dimParam', value: side },
            })),
          },
        },
      },
    },
  });
}
