import { h, type JSX } from 'preact';
import type { DrawingRow } from './drawing-row.ts';
import type { ReportContent } from './report-content.ts';
import { ARM_TITLES } from './report-table.ts';

/** Where each arm does best, worst and as usual, and what the warmup learned from. */
export function PicturesSection({ arms, unlabeled }: ReportContent): JSX.Element {
  return h(
    'section',
    null,
    arms.map(({ name, pictures }) => [
      h('h2', null, `Validation images, ${ARM_TITLES[name] ?? name}`),
      h(
        'p',
        { class: 'lead' },
        'By F1 of the objects found at IoU 0.5 under their right class; scores above 0.30, the best class of each object.',
      ),
      pictureRows('Best', pictures.best),
      pictureRows('Typical', pictures.typical),
      pictureRows('Worst', pictures.worst),
    ]),
    unlabeled.length > 0 && [
      h('h2', null, 'Unlabeled images'),
      h('p', { class: 'lead' }, 'What the pseudo labeler found and the warmup learned from.'),
      pictureRows('', unlabeled),
    ],
  );
}

/** Images one below the other, each drawn in several ways. */
export function pictureRows(title: string, list: readonly DrawingRow[]): JSX.Element | null {
  if (list.length === 0) return null;
  return h(
    'div',
    { key: title },
    title !== '' && h('h3', null, title),
    h(
      'div',
      { class: 'rows' },
      list.map(({ title: name, panels }) =>
        h(
          'div',
          { class: 'row', key: name },
          h('h4', null, name),
          h(
            'div',
            { class: 'panels' },
            panels.map(({ caption, picture }) =>
              h(
                'figure',
                { key: caption },
                h('img', { src: picture, alt: `${name}: ${caption}` }),
                h('figcaption', null, caption),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
