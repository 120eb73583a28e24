import { readFile } from 'node:fs/promises';
import { errorMessage, invalidArgument, notFound } from '@cassl/errors';
import { Teacher } from '@cassl/proto';
import { parse } from 'yaml';
import { toUri } from '../local/to-uri.ts';

/**
 * A teacher as the command line names it: an ONNX file, `grpc://host:port/model` or `http://host:port/v2/models/model` of an Open Inference
 * Protocol server, or a YAML or JSON file of `cassl.v1.Teacher` that says how its tensors are read.
 * @throws INVALID_ARGUMENT for what is none of these, NOT_FOUND for a file that is not there
 */
export async function readTeacher(given: string): Promise<Teacher> {
  if (given.startsWith('grpc://')) return endpointTeacher(given);
  if (/^https?:\/\//.test(given)) return restTeacher(given);
  if (/\.onnx$/i.test(given)) return onnxTeacher(toUri(given));
  if (/\.(ya?ml|json)$/i.test(given)) return teacherFile(given);
  throw invalidArgument(
    `--teacher must be an .onnx file, grpc://host:port/model, http://host:port/v2/models/model or a .yaml file, got ${JSON.stringify(given)}`,
  );
}

function onnxTeacher(uri: string): Teacher {
  return Teacher.fromPartial({ source: { $case: 'onnx', value: { uri } } });
}

function endpointTeacher(given: string): Teacher {
  const [address = '', ...model] = given.slice('grpc://'.length).split('/');
  const value = { address, model: model.join('/') };
  if (!/^.+:\d+$/.test(address) || value.model === '')
    throw invalidArgument(`--teacher must be grpc://host:port/model, got ${JSON.stringify(given)}`);
  return Teacher.fromPartial({ source: { $case: 'endpoint', value } });
}

/** The address of the model, as its server's own; with `/infer`, as requests have it, too. */
function restTeacher(given: string): Teacher {
  const found = /^(https?:\/\/[^/]+)\/v2\/models\/(.+?)(?:\/versions\/([^/]+))?(?:\/infer)?\/*$/.exec(given);
  if (found === null)
    throw invalidArgument(`--teacher must be http://host:port/v2/models/model, got ${JSON.stringify(given)}`);
  const [, address = '', model = '', version = ''] = found;
  const value = { address, model: unescaped(model, given), version };
  return Teacher.fromPartial({ source: { $case: 'endpoint', value } });
}

function unescaped(model: string, given: string): string {
  try {
    return decodeURIComponent(model);
  } catch (cause) {
    throw invalidArgument(`--teacher must have %-escapes that are right, got ${JSON.stringify(given)}`, {
      cause,
    });
  }
}

async function teacherFile(path: string): Promise<Teacher> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw notFound(`cannot read the teacher ${path}: ${errorMessage(cause)}`, { cause });
  });
  let teacher: Teacher;
  try {
    teacher = Teacher.fromJSON(parse(text));
  } catch (cause) {
    throw invalidArgument(`${path} is no teacher: ${errorMessage(cause)}`, { cause });
  }
  const { source } = teacher;
  if (source?.$case === 'onnx')
    return { ...teacher, source: { $case: 'onnx', value: { uri: toUri(source.value.uri) } } };
  if (source === undefined) throw invalidArgument(`${path}: a teacher needs onnx or endpoint`);
  return teacher;
}
