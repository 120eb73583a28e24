/** What all streams of a service hold together. */
export interface SharedHold {
  bytes: number;
  answers: number;
  /** Beyond one of these a stream has one request under way at a time. */
  readonly most: { readonly bytes: number; readonly answers: number };
}

export function shareHold(most: SharedHold['most']): SharedHold {
  return { bytes: 0, answers: 0, most };
}

/** What may be under way for one stream: enough to fill a batch, and a bound on what a slow reader makes us hold. */
export interface StreamWindow<Answer> {
  readonly answers: number;
  /** Of requests until they are answered, of answers until they are read. */
  readonly bytes: number;
  readonly together?: SharedHold;
  /** Bytes of an answer. @default 0 */
  readonly sizeOf?: (answer: Answer) => number;
}

interface Underway<Answer> {
  readonly answer: Promise<Answer>;
  /** Of its request, then its own. */
  bytes: number;
  hasLeft: boolean;
}

/**
 * Starts requests as they come and gives their answers in order, several to a request where `start` says so; reads no
 * further while the window is full.
 */
export async function* answerInOrder<Request, Answer>(
  requests: AsyncIterable<Request>,
  start: (request: Request) => { readonly answers: readonly Promise<Answer>[]; readonly bytes: number },
  { answers: mostAnswers, bytes: mostBytes, together, sizeOf = () => 0 }: StreamWindow<Answer>,
): AsyncGenerator<Answer> {
  const underway: Underway<Answer>[] = [];
  const state = { hasEnded: false, isAbandoned: false, bytes: 0 };
  let changed = Promise.withResolvers<void>();
  const tell = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const hold = (entry: Underway<Answer>, bytes: number): void => {
    if (entry.hasLeft) return;
    state.bytes += bytes - entry.bytes;
    if (together !== undefined) together.bytes += bytes - entry.bytes;
    entry.bytes = bytes;
  };
  const leave = (entry: Underway<Answer>): void => {
    if (entry.hasLeft) return;
    hold(entry, 0);
    if (together !== undefined) together.answers -= 1;
    entry.hasLeft = true;
  };
  const enter = (answer: Promise<Answer>, bytes: number): void => {
    const entry: Underway<Answer> = { answer, bytes: 0, hasLeft: false };
    if (together !== undefined) together.answers += 1;
    hold(entry, bytes);
    underway.push(entry);
    const settled = (size: number): void => {
      hold(entry, size);
      tell();
    };
    answer.then(
      (value) => settled(sizeOf(value)),
      () => settled(0),
    );
  };
  const isFull = (): boolean =>
    underway.length >= mostAnswers ||
    state.bytes >= mostBytes ||
    (together !== undefined && isMuch(together) && underway.length > 0);
  const read = async (): Promise<void> => {
    for await (const request of requests) {
      const { answers, bytes } = start(request);
      for (const answer of answers) enter(answer, bytes / answers.length);
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
      const [next] = underway;
      if (next !== undefined) {
        yield await next.answer;
        underway.shift();
        leave(next);
        tell();
      } else if (state.hasEnded) {
        return await reading;
      } else {
        await changed.promise;
      }
    }
  } finally {
    state.isAbandoned = true;
    underway.forEach(leave);
    tell();
  }
}

function isMuch({ bytes, answers, most }: SharedHold): boolean {
  return bytes >= most.bytes || answers >= most.answers;
}
