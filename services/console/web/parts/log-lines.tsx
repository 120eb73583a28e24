import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useAnswer } from '../use-answer.ts';

interface LogLinesProps {
  readonly service: string;
  readonly job: string;
  /** Asks again when it changes, and every few seconds besides. */
  readonly version: unknown;
}

interface Line {
  readonly time: string;
  readonly level: string;
  readonly text: string;
}

const EVERY_MS = 5000;

/** The last lines that a service wrote about a job. */
export function LogLines({ service, job, version }: LogLinesProps): JSX.Element {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((last) => last + 1), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const query = new URLSearchParams({ service, job });
  const { value } = useAnswer<{ lines: readonly Line[] | null }>(
    `/logs?${query}`,
    `${tick} ${String(version)}`,
  );
  return (
    <details class="log" open>
      <summary>Last log lines</summary>
      {value?.lines === null && (
        <p class="soft">
          The log of this service is not on the console's machine:{' '}
          <code>kubectl logs deployment/{service}</code>
        </p>
      )}
      {value?.lines?.length === 0 && <p class="soft">Nothing yet.</p>}
      {value?.lines != null && value.lines.length > 0 && (
        <pre tabIndex={0} aria-label="Log lines">
          {value.lines
            .map(({ time, level, text }) => `${time.slice(11, 19)} ${level.padEnd(5)} ${text}\n`)
            .join('')}
        </pre>
      )}
    </details>
  );
}
