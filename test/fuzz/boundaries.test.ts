import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type Cluster } from '../cluster.ts';
import { boundaryRequests, fieldNames } from './boundary-requests.ts';
import { openMethods, type PlatformMethods } from './platform-methods.ts';

const SERVICES = [
  ...['RegistryService', 'DetectorService', 'LabelerService', 'LabelSetService', 'GRPCInferenceService'],
  ...['ExternalScaler', 'EvaluatorService', 'PipelineService', 'TrainerService'],
];

/** What a map has is refused by the name of the map. */
const IN_MAP = /\.(fields\.)?(key|value)(\..*)?$/;
/** A key of a Struct without a value: reading the message drops it. */
const DROPPED = /\.fields\.key$/;
/** A watch is not waited for; what a cluster's service does not have refuses everything. */
const UNASKED = [status.DEADLINE_EXCEEDED, status.UNIMPLEMENTED];

function isRefused(
  { code, details }: { readonly code: status; readonly details: string },
  path: string,
): boolean {
  if (UNASKED.includes(code) || DROPPED.test(path)) return true;
  const field = path.replace(IN_MAP, '');
  const name = field.slice(field.lastIndexOf('.') + 1);
  const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const words = details.split(/[^\w]+/);
  return code === status.INVALID_ARGUMENT && (words.includes(name) || words.includes(camel));
}

let cluster: Cluster;
let platform: PlatformMethods;
beforeAll(async () => {
  cluster = await startCluster();
  platform = await openMethods((service) => cluster.endpoints[service]);
}, 180_000);
afterAll(async () => {
  platform?.close();
  await cluster?.stop();
}, 120_000);

describe('every field of every request, at its bounds and beyond', () => {
  it.each(SERVICES)(
    'of %s is answered: no fault of the service, no hang, and what is refused is named',
    async (service) => {
      const { lookup } = platform;
      const seen = new Set<string>();
      const wrong: string[] = [];
      let count = 0;
      for (const method of platform.methods.filter((one) => one.service === service)) {
        const names = fieldNames(method.request, lookup);
        for (const { field, value, message, isTooLong } of boundaryRequests(method.request, lookup, seen)) {
          const answer = await platform.call(method, method.serialize(message));
          count += 1;
          const what = `${method.path} with ${field} = ${value}`;
          if (answer.wrong !== undefined) wrong.push(`${what}: ${answer.wrong}`);
          if (isTooLong === true && !isRefused(answer, field))
            wrong.push(
              `${what}: is not refused by its name, but ${answer.code} "${answer.details.slice(0, 200)}"`,
            );
          const isNamed = answer.details.split(/[^\w]+/).some((word) => names.has(word));
          if (answer.code === status.INVALID_ARGUMENT && !isNamed)
            wrong.push(`${what}: no field is named in "${answer.details.slice(0, 200)}"`);
        }
      }
      expect(wrong).toEqual([]);
      expect(count).toBeGreaterThan(0);
    },
    600_000,
  );

  it('is every service that there is', () => {
    expect([...new Set(platform.methods.map(({ service }) => service))].sort()).toEqual([...SERVICES].sort());
  });
});
