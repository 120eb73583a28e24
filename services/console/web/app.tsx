import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { ExperimentsPage } from './pages/experiments/experiments-page.tsx';
import { ImagesPage } from './pages/images/images-page.tsx';
import { LabelingPage } from './pages/labelings/labeling-page.tsx';
import { LabelingsPage } from './pages/labelings/labelings-page.tsx';
import { PipelinePage } from './pages/pipelines/pipeline-page.tsx';
import { PipelinesPage } from './pages/pipelines/pipelines-page.tsx';
import { TrainingsPage } from './pages/trainings/trainings-page.tsx';
import { CheckpointPage } from './pages/registry/checkpoint-page.tsx';
import { RegistryPage } from './pages/registry/registry-page.tsx';
import { TryPage } from './pages/try-it/try-page.tsx';
import { Fallback } from './parts/fallback.tsx';
import { EmptyNote } from './parts/notes.tsx';
import { Link, usePlace, type Place } from './router.tsx';
import { SignIn, useSession, type SessionState } from './session.tsx';

interface Page {
  readonly title: string;
  readonly show: (place: Place) => JSX.Element;
}

/** By the first part of the path, in the order of the navigation. */
const PAGES: Readonly<Record<string, Page>> = {
  pipelines: {
    title: 'Pipelines',
    show: ({ parts: [, id = ''] }) => (id === '' ? <PipelinesPage /> : <PipelinePage key={id} id={id} />),
  },
  experiments: {
    title: 'Experiments',
    show: ({ parts: [, name = ''] }) => <ExperimentsPage name={name} />,
  },
  labelings: {
    title: 'Labelings',
    show: ({ parts: [, id = ''] }) => (id === '' ? <LabelingsPage /> : <LabelingPage key={id} id={id} />),
  },
  images: { title: 'Images', show: ({ query }) => <ImagesPage query={query} /> },
  trainings: { title: 'Training curves', show: ({ query }) => <TrainingsPage query={query} /> },
  registry: {
    title: 'Registry',
    show: ({ parts: [, reference = ''], query }) =>
      reference === '' ? (
        <RegistryPage alias={query.get('alias') ?? ''} />
      ) : (
        <CheckpointPage key={reference} reference={reference} />
      ),
  },
  try: { title: 'Try it', show: () => <TryPage /> },
};

export function App(): JSX.Element {
  const place = usePlace();
  const session = useSession();
  const name = place.parts[0] || 'pipelines';
  const page = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
  useEffect(() => {
    document.title = [place.parts[1] ?? '', page?.title ?? 'not found', 'cassl'].filter(Boolean).join(' · ');
  }, [name, place.parts[1]]);
  // On a phone the bar is wider than the screen.
  useEffect(() => {
    document.querySelector('nav a[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [name]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header>
        <Link to="/" class="brand">
          cassl
        </Link>
        <nav class="scrolls" aria-label="Pages">
          {Object.entries(PAGES).map(([path, { title }]) => (
            <Link key={path} to={`/${path}`} aria-current={path === name ? 'page' : undefined}>
              {title}
            </Link>
          ))}
        </nav>
        <User session={session} />
      </header>
      <main id="main">
        {session.isAsked ? (
          <SignIn session={session} />
        ) : (
          <Fallback key={place.parts.join('/')}>
            {page?.show(place) ?? <EmptyNote>There is no such page.</EmptyNote>}
          </Fallback>
        )}
      </main>
    </>
  );
}

function User({ session: { user, signOut } }: { readonly session: SessionState }): JSX.Element | null {
  if (user === undefined || user.isOpen) return null;
  return (
    <span class="user">
      {user.name}{' '}
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    </span>
  );
}
