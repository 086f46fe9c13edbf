import { expect, test } from 'vitest'
import { reachableUrl } from './reachable-url.ts'

test.each([
  ['127.0.0.1', 'http://127.0.0.1:4400'],
  ['localhost', 'http://localhost:4400'],
  ['0.0.0.0', 'http://127.0.0.1:4400'],
  ['::', 'http://[::1]:4400'],
  ['0:0:0:0:0:0:0:0', 'http://[::1]:4400'],
  ['::1', 'http://[::1]:4400'],
  ['2001:db8::1', 'http://[2001:db8::1]:4400'],
  ['fe80::1%eth0', 'http://[fe80::1%eth0]:4400'],
])('a server on %s is reached at %s', (host, url) => {
  expect(reachableUrl({ host, port: 4400 })).toBe(url)
})
