import { CasslError, type ErrorCode } from '@cassl/errors';
import { PipelineServiceCheckResponse, type PipelineSpec } from '@cassl/proto';
import type { PipelineClient } from './pipeline-id.ts';

/** Opening the annotations of the largest public data sets takes a minute. */
const CHECK_MS = 600_000;

/** Has the trainer check a pipeline and prints what it found. @throws the first finding */
export async function showCheck(client: PipelineClient, spec: PipelineSpec, json: boolean): Promise<void> {
  const found = await client.check({ spec }, { deadlineMs: CHECK_MS });
  console.log(json ? JSON.stringify(PipelineServiceCheckResponse.toJSON(found)) : formatCheck(found));
  const [first, ...others] = found.findings;
  if (first === undefined) return;
  const more = others.length === 0 ? '' : `; ${others.length} more above`;
  throw new CasslError(first.code as ErrorCode, `the check found: ${first.message}${more}`);
}

function formatCheck(found: PipelineServiceCheckResponse): string {
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  return [
    ...found.findings.map(({ field, code, message }) => `${code}  ${field}: ${message}`),
    ...found.data.flatMap(({ name, images, dropped, notes }) => [
      `${name}: ${images} images${dropped === 0 ? '' : `, ${dropped} not used`}`,
      ...notes.map((note) => `  ${note}`),
    ]),
    `engine: ${found.engine || 'none'}`,
    `model: ${(found.parameters / 1e6).toFixed(2)} M parameters`,
    `disk: about ${gigabytes(found.outputBytes)} will be written, ${gigabytes(found.freeBytes)} free`,
  ].join('\n');
}
