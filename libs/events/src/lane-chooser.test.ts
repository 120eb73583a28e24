import { describe, expect, it } from 'vitest';
import { LaneChooser } from './lane-chooser.ts';
import { NEW_LANE, type Lane } from './lanes.ts';

const lane = (changes: Partial<Lane> = {}): Lane => ({ ...NEW_LANE, isOpen: true, ...changes });

/** Serves the first choice so often, one second each; answers who got how much. */
function serve(chooser: LaneChooser, rounds: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < rounds; i++) {
    const [job = 'nobody'] = chooser.order(0);
    counts[job] = (counts[job] ?? 0) + 1;
    chooser.charge(job, 1);
  }
  return counts;
}

describe('the choice of a job', () => {
  it('shares time by weight among jobs of one priority', () => {
    const chooser = new LaneChooser();
    chooser.set('a', lane());
    chooser.set('b', lane({ weight: 3 }));
    expect(serve(chooser, 40)).toEqual({ a: 10, b: 30 });
  });

  it('lets a newcomer share from now on, not catch up on the past', () => {
    const chooser = new LaneChooser();
    chooser.set('old', lane());
    serve(chooser, 1000);
    chooser.set('new', lane());
    expect(serve(chooser, 10)).toEqual({ old: 5, new: 5 });
  });

  it('takes from the highest priority first, and from none that is paused, closed, cooling or for other workers', () => {
    const chooser = new LaneChooser(['', 'gpu']);
    chooser.set('low', lane());
    chooser.set('high', lane({ priority: 5, pool: 'gpu' }));
    chooser.set('paused', lane({ priority: 9, isPaused: true }));
    chooser.set('closed', lane({ priority: 9, isOpen: false }));
    chooser.set('other', lane({ priority: 9, pool: 'cpu' }));
    expect(chooser.order(0)).toEqual(['high', 'low']);
    chooser.cool('high', 500);
    expect(chooser.order(499)).toEqual(['low']);
    expect(chooser.order(500)).toEqual(['high', 'low']);
  });
});
