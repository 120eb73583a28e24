import { execFileSync } from 'node:child_process';

interface Location {
  readonly path?: readonly number[];
  readonly leadingComments?: string;
}

interface Field {
  readonly name: string;
  readonly number: number;
  readonly type?: string;
  readonly typeName?: string;
  readonly label?: string;
  readonly oneofIndex?: number;
  readonly proto3Optional?: boolean;
}

interface Message {
  readonly name: string;
  readonly field?: readonly Field[];
  readonly nestedType?: readonly (Message & { readonly options?: { readonly mapEntry?: boolean } })[];
  readonly oneofDecl?: readonly { readonly name: string }[];
  readonly enumType?: readonly Enum[];
}

interface Enum {
  readonly name: string;
  readonly value?: readonly { readonly name: string; readonly number?: number }[];
}

interface Method {
  readonly name: string;
  readonly inputType: string;
  readonly outputType: string;
  readonly clientStreaming?: boolean;
  readonly serverStreaming?: boolean;
}

/** A .proto file as `buf` describes it, in the JSON form of google.protobuf.FileDescriptorProto. */
export interface FileDescriptor {
  readonly name: string;
  readonly package?: string;
  readonly messageType?: readonly Message[];
  readonly enumType?: readonly Enum[];
  readonly service?: readonly { readonly name: string; readonly method?: readonly Method[] }[];
  readonly sourceCodeInfo?: { readonly location?: readonly Location[] };
}

export type { Enum, Field, Message, Method };

/** All files of proto/, with their comments. */
export function readDescriptors(root: string): FileDescriptor[] {
  const json = execFileSync(`${root}/node_modules/.bin/buf`, ['build', '-o', '-#format=json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  return (JSON.parse(json) as { file: FileDescriptor[] }).file;
}

/** Comments of a file, by the path of what they are about ("4,0,2,1": the second field of the first message). */
export function commentsOf({ sourceCodeInfo }: FileDescriptor): (...path: number[]) => string {
  const comments = new Map(
    (sourceCodeInfo?.location ?? []).map(({ path = [], leadingComments = '' }) => [
      path.join(','),
      leadingComments,
    ]),
  );
  return (...path) => (comments.get(path.join(',')) ?? '').trim().replaceAll(/\s*\n\s*/g, ' ');
}
