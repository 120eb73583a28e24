/** What a console streams. */
export interface StreamedEvent {
  /** `message`, `end` or `failure`. */
  readonly event: string;
  readonly data: unknown;
}

/** The events of a stream of the console as they come; leaving the loop hangs up. */
export async function* readEvents(url: string): AsyncGenerator<StreamedEvent> {
  const gone = new AbortController();
  try {
    const { body, ok, status } = await fetch(url, { signal: gone.signal });
    if (!ok || body === null) throw new Error(`the stream was refused with ${status}`);
    let text = '';
    for await (const part of body.pipeThrough(new TextDecoderStream())) {
      text += part;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string): string => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? '';
        if (!/^data:/m.test(block)) continue;
        const data = field('data');
        yield { event: field('event') || 'message', data: data === '' ? '' : (JSON.parse(data) as unknown) };
      }
    }
  } finally {
    gone.abort();
  }
}

/** The first `count` events, or all where there are fewer. */
export async function firstEvents(url: string, count: number): Promise<StreamedEvent[]> {
  const events: StreamedEvent[] = [];
  for await (const event of readEvents(url)) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}
