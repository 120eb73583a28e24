/** Of the six connections that browsers have to one place; the sixth is left to pages of images. */
const AT_ONCE = 5;

/** Pictures of a list that wait until few others are loading, so that those which nobody looks at any more are never asked for. */
export interface PictureLine {
  /** Position in the list that is looked at: what is nearest to it comes first. */
  middle: number;
  /** Calls `load` when it is the turn of the picture at `index`. What comes back is called once it is there, or gone. */
  join(index: number, load: () => void): () => void;
}

export function pictureLine(atOnce = AT_ONCE): PictureLine {
  const waiting = new Map<object, { readonly index: number; readonly load: () => void }>();
  const loading = new Set<object>();
  const line: PictureLine = { middle: 0, join };
  return line;

  function join(index: number, load: () => void): () => void {
    const ticket = {};
    waiting.set(ticket, { index, load });
    next();
    return () => {
      waiting.delete(ticket);
      if (loading.delete(ticket)) next();
    };
  }

  function next(): void {
    if (loading.size >= atOnce) return;
    let nearest: object | undefined;
    let least = Infinity;
    for (const [ticket, { index }] of waiting) {
      const distance = Math.abs(index - line.middle);
      if (distance >= least) continue;
      least = distance;
      nearest = ticket;
    }
    if (nearest === undefined) return;
    const load = waiting.get(nearest)?.load;
    waiting.delete(nearest);
    loading.add(nearest);
    load?.();
  }
}
