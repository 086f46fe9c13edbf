import { expect, test } from 'vitest'
import { needsPercentEncoding } from './needs-percent-encoding.ts'

test.each(['12/b', '12?b', '12#b', '12?b=c', 'a@b/c', '12/\nb', '50%off', '%'])(
  'a password %j that cannot be read as it is written is seen',
  (password) => {
    expect(needsPercentEncoding(`postgres://core:${password}@db.example:5432/main`)).toBe(true)
    expect(needsPercentEncoding(`postgres://core:${encodeURIComponent(password)}@db.example:5432/main`)).toBe(false)
  },
)

test.each(['postgres://h/d', 'postgres://core@h', 'postgres:///d?host=/tmp', 'postgres://u:p@h/d?sslmode=require'])(
  '%s is well',
  (url) => {
    expect(needsPercentEncoding(url)).toBe(false)
  },
)
