import type { EndedStages } from './planned-stage.ts';
import type { StageRecord } from './stage-services.ts';

/** The records as plan and report ask for them. @throws TypeError for one that is not there, or another service's */
export function endedStages(ended: ReadonlyMap<string, StageRecord>): EndedStages {
  const find = <S extends StageRecord['service']>(
    service: S,
    name: string,
  ): Extract<StageRecord, { service: S }> => {
    const record = ended.get(name);
    if (record?.service !== service) throw new TypeError(`stage ${name} was not done by the ${service}`);
    return record as Extract<StageRecord, { service: S }>;
  };
  return {
    training: (name) => find('trainer', name).job,
    labeling: (name) => find('labeler', name).job,
    evaluation: (name) => find('evaluator', name).job,
  };
}
