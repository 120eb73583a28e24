/** What may be under way for one stream: enough to fill a batch, and a bound on what a slow reader makes us hold. */
export interface StreamWindow {
  readonly answers: number;
  readonly bytes: number;
}

interface Underway<Answer> {
  readonly answer: Promise<Answer>;
  readonly bytes: number;
}

/**
 * Starts requests as they come and gives their answers in order, several to a request where `start` says so; reads no
 * further while the window is full.
 */
export async function* answerInOrder<Request, Answer>(
  requests: AsyncIterable<Request>,
  start: (request: Request) => { readonly answers: readonly Promise<Answer>[]; readonly bytes: number },
  window: StreamWindow,
): AsyncGenerator<Answer> {
  const underway: Underway<Answer>[] = [];
  const state = { hasEnded: false, isAbandoned: false, bytes: 0 };
  let changed = Promise.withResolvers<void>();
  const tell = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const isFull = (): boolean => underway.length >= window.answers || state.bytes >= window.bytes;
  const read = async (): Promise<void> => {
    for await (const request of requests) {
      const { answers, bytes } = start(request);
      for (const answer of answers) {
        answer.catch(() => undefined);
        underway.push({ answer, bytes: bytes / answers.length });
      }
      state.bytes += bytes;
      tell();
      while (isFull() && !state.isAbandoned) await changed.promise;
      if (state.isAbandoned) return;
    }
  };
  const reading = read().finally(() => {
    state.hasEnded = true;
    tell();
  });
  reading.catch(() => undefined);
  try {
    for (;;) {
      const next = underway[0];
      if (next !== undefined) {
        yield await next.answer;
        underway.shift();
        state.bytes = underway.length === 0 ? 0 : state.bytes - next.bytes;
        tell();
      } else if (state.hasEnded) {
        return await reading;
      } else {
        await changed.promise;
      }
    }
  } finally {
    state.isAbandoned = true;
    tell();
  }
}
