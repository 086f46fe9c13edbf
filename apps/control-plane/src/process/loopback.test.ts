import { expect, test } from 'vitest'
import { isLoopback } from './loopback.ts'

test.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost', '0:0:0:0:0:0:0:1'])('%s stays on this machine', (host) => {
  expect(isLoopback(host)).toBe(true)
})

test.each(['0.0.0.0', '::', '10.0.0.1', '192.168.1.4', 'example.org', 'localhost.example.org', '', '::ffff:10.0.0.1'])(
  '%s can be reached from elsewhere',
  (host) => {
    expect(isLoopback(host)).toBe(false)
  },
)
