import { hubView } from './hub/hub-view.ts';
import type { View } from './http/request.ts';
import { ociView } from './oci/oci-view.ts';
import { plainView } from './plain/plain-view.ts';

/** Every face of the stored files; the first that owns a path answers. */
export const VIEWS: readonly View[] = [plainView, ociView, hubView];
