import type { KubeConfig, V1Job, V1Pod } from '@kubernetes/client-node';
import { setTimeout as delay } from 'node:timers/promises';
import { followPodLog } from './follow-pod-log.ts';
import { jobFailure, jobNews, podNews } from './pod-news.ts';
import type { Task, WorkEnd } from './work-place.ts';

export interface FollowJobOptions {
  readonly config: KubeConfig;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly task: Task;
}

/** One Job as its starter sees it. */
export interface JobView {
  readonly ended: Promise<WorkEnd>;
  /** The last lines that its pods printed. */
  readonly lines: readonly string[];
  /** Tells the newest state; a Job that is not there is gone. */
  look(job: V1Job | undefined, pods: readonly V1Pod[]): void;
  /** Ends looking without waiting for the Job. */
  finish(end: WorkEnd): void;
}

const KEPT_LINES = 50;
/** The last lines of a pod that has ended arrive within this time, or not at all. */
const LOG_WITHIN_MS = 10_000;

/** A Job that there was when it was started is in the next list, which is at most a minute away. */
const SEEN_WITHIN_MS = 150_000;

/** Follows a Job: hands on its messages, says what it waits for, and how it ended. */
export function followJob({ config, namespace, name, uid, task }: FollowJobOptions): JobView {
  const ended = Promise.withResolvers<WorkEnd>();
  const closing = new AbortController();
  const lines: string[] = [];
  const logs = new Set<string>();
  const over = new Set<string>();
  const startedMs = performance.now();
  let lastLog = Promise.resolve();
  let news: string | undefined;
  let wasSeen = false;
  let isEnding = false;

  const finish = (end: WorkEnd): void => {
    closing.abort();
    ended.resolve(end);
  };
  const onLine = (line: string): void => {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    const message = messageOf(line);
    if (message !== undefined && !closing.signal.aborted) task.onMessage(message);
  };
  const followLog = (pod: V1Pod): void => {
    const podName = pod.metadata?.name ?? '';
    const hasBegun = pod.status?.containerStatuses?.some(({ state }) => state?.running ?? state?.terminated);
    if (!hasBegun || logs.has(podName)) return;
    const container = pod.spec?.containers[0]?.name ?? '';
    const options = { config, namespace, pod: podName, container, onLine, signal: closing.signal };
    // One after the other: a message of an earlier pod must not come after those of its successor.
    lastLog = lastLog.then(() => followPodLog({ ...options, isOver: () => over.has(podName) }));
    logs.add(podName);
  };
  /** Pods that have ended, and those that are gone. */
  const noteOver = (pods: readonly V1Pod[]): void => {
    const alive = new Set(pods.filter((pod) => !isOver(pod)).map(({ metadata }) => metadata?.name));
    for (const name of logs) if (!alive.has(name)) over.add(name);
  };
  const endWith = async (end: WorkEnd): Promise<void> => {
    isEnding = true;
    await Promise.race([lastLog, delay(LOG_WITHIN_MS, undefined, { ref: false })]);
    finish(end);
  };

  return {
    ended: ended.promise,
    lines,
    finish,
    look(job, pods) {
      if (isEnding || closing.signal.aborted) return;
      // Another Job of the same name is none of ours; a list from before its creation does not hold it yet.
      if (job === undefined || job.metadata?.uid !== uid) {
        const isMissing = wasSeen || performance.now() - startedMs > SEEN_WITHIN_MS;
        if (isMissing) void endWith({ outcome: 'lost', reason: `the Job ${name} was deleted from outside` });
        return;
      }
      wasSeen = true;
      const own = [...pods].sort((a, b) => createdMs(a) - createdMs(b));
      // The first rank speaks for all.
      own.filter(isFirstRank).forEach(followLog);
      noteOver(own);
      const newest = own.at(-1);
      const now = jobNews(job) ?? (newest && podNews(newest));
      if (now !== undefined && now !== news) task.onNews?.(now);
      news = now ?? news;
      if (job.status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True')) {
        void endWith({ outcome: 'succeeded', reason: '' });
        return;
      }
      const failure = jobFailure(job);
      if (failure !== undefined) {
        void endWith({ outcome: 'failed', reason: news === undefined ? failure : `${failure}: ${news}` });
      }
    },
  };
}

/** Messages are JSON lines with a type; the log's own lines have a level. */
function messageOf(line: string): object | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line) as { readonly type?: unknown; readonly level?: unknown };
    return typeof value.type === 'string' && value.level === undefined ? value : undefined;
  } catch {
    return undefined;
  }
}

function isOver({ status }: V1Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function isFirstRank({ metadata }: V1Pod): boolean {
  return (metadata?.annotations?.['batch.kubernetes.io/job-completion-index'] ?? '0') === '0';
}

function createdMs({ metadata }: V1Pod): number {
  return new Date(metadata?.creationTimestamp ?? 0).getTime();
}
