import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TeacherOutput_Format as Format } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTeacher } from './read-teacher.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-teacher-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('--teacher', () => {
  it('is an ONNX file, a model of a server, or a file that says more', async () => {
    expect((await readTeacher('a/yolo.onnx')).source).toEqual({
      $case: 'onnx',
      value: { uri: pathToFileURL('a/yolo.onnx').href },
    });
    expect((await readTeacher('grpc://triton:8001/team/yolo')).source).toEqual({
      $case: 'endpoint',
      value: { address: 'triton:8001', model: 'team/yolo', version: '' },
    });
    for (const given of ['', '/versions/2', '/versions/2/infer']) {
      expect((await readTeacher(`https://triton:8000/v2/models/team/yolo${given}`)).source).toEqual({
        $case: 'endpoint',
        value: { address: 'https://triton:8000', model: 'team/yolo', version: given === '' ? '' : '2' },
      });
    }
    const path = join(folder, 'teacher.yaml');
    await writeFile(
      path,
      'onnx: { uri: s3://models/detr.onnx }\ninput: { stretch: true, mean: [0.5, 0.5, 0.5] }\noutput: { format: FORMAT_DETR }\nprompts: [a dog]\n',
    );
    expect(await readTeacher(path)).toMatchObject({
      source: { value: { uri: 's3://models/detr.onnx' } },
      input: { stretch: true, mean: [0.5, 0.5, 0.5] },
      output: { format: Format.FORMAT_DETR },
      prompts: ['a dog'],
    });
  });

  it('says what is wrong with it', async () => {
    await expect(readTeacher('weights.pt')).rejects.toThrow(/must be an .onnx file, grpc:/);
    await expect(readTeacher('grpc://triton/yolo')).rejects.toThrow(/grpc:\/\/host:port\/model/);
    await expect(readTeacher('http://triton:8000/yolo')).rejects.toThrow(
      /http:\/\/host:port\/v2\/models\/model/,
    );
    await expect(readTeacher('http://triton:8000/v2/models/100%')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: '--teacher must have %-escapes that are right, got "http://triton:8000/v2/models/100%"',
    });
    await expect(readTeacher(join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await writeFile(join(folder, 'empty.yaml'), 'prompts: []\n');
    await expect(readTeacher(join(folder, 'empty.yaml'))).rejects.toThrow(/needs onnx or endpoint/);
  });
});
