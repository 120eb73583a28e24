// Apart from the rest: nothing else wants onnxruntime or a client of another server.
export { MAX_TEACHER_BYTES, openTeacher } from './open-teacher.ts';
export type { TeacherModelOptions } from './teacher-model.ts';
