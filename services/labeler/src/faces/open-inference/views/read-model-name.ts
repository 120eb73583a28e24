import { CLASSES, PIXEL_CLASSES } from './classes-view.ts';
import { DETECTIONS } from './detections-view.ts';
import type { ModelView } from './model-view.ts';

/** No alias and no digest has a colon that one of these follows. */
const VIEWS: Readonly<Record<string, ModelView>> = {
  ':classes': CLASSES,
  ':pixel-classes': PIXEL_CLASSES,
};

/** `warmup@prod:classes` → the model `warmup@prod`, seen as a classifier. */
export function readModelName(name: string): { readonly model: string; readonly view: ModelView } {
  const suffix = name.slice(name.lastIndexOf(':'));
  const view = Object.hasOwn(VIEWS, suffix) ? VIEWS[suffix] : undefined;
  return view === undefined
    ? { model: name, view: DETECTIONS }
    : { model: name.slice(0, -suffix.length), view };
}
