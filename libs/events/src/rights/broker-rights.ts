/** Who connects to the broker; each has a NATS user of its own by this name. */
export const BROKER_USERS = ['registry', 'trainer', 'labeler', 'label-worker', 'evaluator'] as const;
export type BrokerUser = (typeof BROKER_USERS)[number];

/** Subjects that a NATS user may publish to and subscribe to, as in nats-server's `permissions`. */
export interface BrokerRights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

const KINDS: Readonly<Record<'trainer' | 'labeler' | 'evaluator', readonly string[]>> = {
  trainer: ['training', 'pipeline'],
  labeler: ['labeling'],
  evaluator: ['evaluation'],
};

/**
 * The least that a service needs: the facts it tells, the records and leases of its own kinds of jobs, and of the shards' queue what
 * its part is. Nobody may purge or delete a stream, read another's records, or hear answers that are another's.
 */
export function brokerRights(user: BrokerUser): BrokerRights {
  return {
    publish: ['$JS.API.INFO', ...publishes(user)],
    subscribe: [`${inboxPrefix(user)}.>`],
  };
}

/** Answers come to a connection's own corner, so that one user can be kept from hearing another's. */
export function inboxPrefix(user: string): string {
  return `_INBOX.${user}`;
}

function publishes(user: BrokerUser): string[] {
  switch (user) {
    case 'registry':
      return [...factsOf('checkpoint.published', 'alias.moved')];
    case 'label-worker':
      return workOnQueue('shards');
    case 'labeler':
      // It may have workers of its own, as processes that it starts.
      return [...jobsOf(KINDS.labeler), ...leadQueue('shards'), ...workOnQueue('shards')];
    case 'trainer':
    case 'evaluator':
      return jobsOf(KINDS[user]);
  }
}

function jobsOf(kinds: readonly string[]): string[] {
  return [
    ...factsOf(...kinds.map((kind) => `${kind}.*`)),
    ...kinds.flatMap((kind) => [...ownBucket(`jobs-${kind}s`), ...ownBucket(`leases-${kind}s`)]),
  ];
}

function factsOf(...kinds: readonly string[]): string[] {
  return [...makeStream('CASSL_EVENTS'), ...kinds.map((kind) => `cassl.events.${kind}`)];
}

/** Whoever leads jobs fills their queues, makes and removes their consumers, and reads what workers report and put aside. */
function leadQueue(name: string): string[] {
  const [work, dead, reports] = [`JOBS_${name}`, `DEAD_${name}`, `REPORTS_${name}`];
  return [
    ...[work, dead, reports].flatMap(makeStream),
    ...[work, dead, reports].flatMap(readStream),
    ...ownBucket(`lanes-${name}`),
    // Cancelled items are taken and dropped; the oldest one is looked at; an item that is put back leaves the dead ones.
    ...acknowledge(work),
    `$JS.API.STREAM.MSG.GET.${work}`,
    `$JS.API.STREAM.MSG.DELETE.${dead}`,
    `cassl.jobs.${name}.*`,
  ];
}

/** Whoever works takes items, hands them back, puts them aside and reports; which jobs there are it can only read. */
function workOnQueue(name: string): string[] {
  const [work, dead, reports] = [`JOBS_${name}`, `DEAD_${name}`, `REPORTS_${name}`];
  return [
    // A broker that lost its store is filled again by whoever comes first.
    ...[work, dead, reports].flatMap(makeStream),
    ...makeStream(`KV_lanes-${name}`),
    ...readBucket(`lanes-${name}`),
    `$JS.API.CONSUMER.MSG.NEXT.${work}.*`,
    ...acknowledge(work),
    `cassl.jobs.${name}.*`,
    `cassl.dead.${name}.*`,
    `cassl.reports.${name}.*`,
  ];
}

function ownBucket(name: string): string[] {
  return [...makeStream(`KV_${name}`), ...readBucket(name), `$KV.${name}.>`];
}

function readBucket(name: string): string[] {
  return [...readStream(`KV_${name}`), `$JS.API.STREAM.MSG.GET.KV_${name}`, `$JS.FC.KV_${name}.>`];
}

function makeStream(name: string): string[] {
  return ['CREATE', 'UPDATE', 'INFO'].map((verb) => `$JS.API.STREAM.${verb}.${name}`);
}

/** Consumers of a stream: making, asking and removing them. */
function readStream(name: string): string[] {
  return [
    `$JS.API.STREAM.INFO.${name}`,
    `$JS.API.CONSUMER.CREATE.${name}`,
    `$JS.API.CONSUMER.CREATE.${name}.>`,
    // Servers before 2.10.
    `$JS.API.CONSUMER.DURABLE.CREATE.${name}.*`,
    `$JS.API.CONSUMER.INFO.${name}.*`,
    `$JS.API.CONSUMER.DELETE.${name}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${name}.*`,
    ...acknowledge(name),
  ];
}

/** The second form is what servers answer to with a domain and an account in the subject. */
function acknowledge(stream: string): string[] {
  return [`$JS.ACK.${stream}.>`, `$JS.ACK.*.*.${stream}.>`];
}
