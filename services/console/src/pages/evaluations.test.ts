import { CasslError } from '@cassl/errors';
import { EvaluationJob, EvaluatorServiceDefinition } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import { scripted } from '../scripted-platform.fixture.ts';

describe('evaluations', () => {
  let console: OpenConsole;
  beforeAll(async () => {
    const job = (id: string, changes: object) => EvaluationJob.fromPartial({ status: { id }, ...changes });
    const dataset = { annotationsUri: 'file:///a.json' };
    const jobs = [
      job('whole', { detectionsUri: 'file:///d.json', spec: { dataset } }),
      job('without-detections', { spec: { dataset } }),
      job('without-data', { detectionsUri: 'file:///d.json', spec: {} }),
      job('without-spec', { detectionsUri: 'file:///d.json' }),
    ];
    console = await openConsole([
      scripted(EvaluatorServiceDefinition, {
        // Twenty at once, as replies do that grow too long, and without end.
        listEvaluations({ state, pageToken }) {
          expect(state).toBe('JOB_STATE_SUCCEEDED');
          const page = Number(pageToken || 0);
          const other = EvaluationJob.fromPartial({});
          return Promise.resolve({
            jobs:
              page === 0
                ? [...jobs, ...Array<typeof other>(20 - jobs.length).fill(other)]
                : Array<typeof other>(20).fill(other),
            nextPageToken: String(page + 1),
          });
        },
        getEvaluation({ id }) {
          if (id === 'away') throw new CasslError('UNAVAILABLE', 'the evaluator stops');
          const found = jobs.find(({ status }) => status?.id === id);
          if (found === undefined) throw new CasslError('NOT_FOUND', 'there is none');
          return Promise.resolve({ job: found });
        },
      }),
    ]);
  });
  afterAll(() => console.close());

  const ask = async (path: string): Promise<readonly [number, unknown]> => {
    const response = await fetch(`${console.url}/api/evaluations${path}`);
    return [response.status, await response.json()];
  };

  it('are listed where their detections can be looked at', async () => {
    expect(await ask('')).toEqual([200, { evaluations: ['whole'], searched: 500, isMore: true }]);
  });

  it('may be missing: a page asks for one that there need not be', async () => {
    expect(await ask('/none')).toEqual([200, {}]);
    expect(await ask('/whole')).toMatchObject([200, { job: { status: { id: 'whole' } } }]);
  });

  it('are not called missing where nobody could look', async () => {
    expect(await ask('/away')).toMatchObject([503, { error: { code: 'UNAVAILABLE' } }]);
  });
});
