import { expect, test } from 'vitest'
import { hasStrayAt } from './has-stray-at.ts'

test.each(['12/b', '12?b', '12#b', '12?b=c', 'a@b/c', '12/\nb'])(
  'a password %j that cuts the host short is seen',
  (password) => {
    expect(hasStrayAt(`postgres://core:${password}@db.example:5432/main`)).toBe(true)
    expect(hasStrayAt(`postgres://core:${encodeURIComponent(password)}@db.example:5432/main`)).toBe(false)
  },
)

test.each(['postgres://h/d', 'postgres://core@h', 'postgres:///d?host=/tmp', 'postgres://u:p@h/d?sslmode=require'])(
  '%s is well',
  (url) => {
    expect(hasStrayAt(url)).toBe(false)
  },
)
