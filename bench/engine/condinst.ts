import type { Job } from './jobs.ts';

export async function condinstJob(_file: string): Promise<Job> {
  return () => undefined;
}
