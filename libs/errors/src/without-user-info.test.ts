import { expect, it } from 'vitest';
import { withoutUserInfo } from './without-user-info.ts';

it.each([
  ['nats://user:s3cr3t@broker:4222', 'nats://(hidden)@broker:4222'],
  ['nats://s3cr3t@broker:4222', 'nats://(hidden)@broker:4222'],
  ['nats://a:s3cr3t@one:1,nats://b:s3cr3t@two:2', 'nats://(hidden)@one:1,nats://(hidden)@two:2'],
  ['postgres://cassl:s3cr3t/s3cr3t@db:5432/x', 'postgres://(hidden)@db:5432/x'],
  ['postgres://cassl:s3@cr3t@db/x', 'postgres://(hidden)@db/x'],
  ['postgres+tls://:s3cr3t@db/x down', 'postgres+tls://(hidden)@db/x down'],
  ['{"input":"redis://u:s3cr3t@h","b":"c@d"}', '{"input":"redis://(hidden)@h","b":"c@d"}'],
])('hides who asks, and with what, in %s', (text, shown) => {
  expect(withoutUserInfo(text)).toBe(shown);
});

it.each([
  's3://bucket/pictures/eye@2x.png',
  'http://localhost:8080/models/a@b',
  'somebody@example.org: https://example.org/x',
  'file:///data/a b@c.jpg',
])('leaves %s as it is', (text) => {
  expect(withoutUserInfo(text)).toBe(text);
});
