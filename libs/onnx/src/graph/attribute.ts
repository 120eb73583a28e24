import { AttributeProto, AttributeProto_AttributeType as Type } from '@cassl/proto/onnx';

/** A whole number, a text, whole numbers; or numbers that are floats even where they are whole. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

export function encodeAttribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number') return AttributeProto.fromPartial({ name, type: Type.INT, i: value });
  if (typeof value === 'string')
    return AttributeProto.fromPartial({ name, type: Type.STRING, s: Buffer.from(value) });
  if ('float' in value) return AttributeProto.fromPartial({ name, type: Type.FLOAT, f: value.float });
  return AttributeProto.fromPartial({ name, type: Type.INTS, ints: [...value] });
}
