import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeFolder } from './make-folder.ts'

const room = mkdtempSync(join(tmpdir(), 'core-make-folder-'))
afterAll(() => rmSync(room, { recursive: true }))

test('a folder is made with those above it, for this user alone, and again without an effect', () => {
  const folder = join(room, 'a/b/c')
  makeFolder(folder)
  makeFolder(folder)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

test('a file in its place or above it is named', () => {
  writeFileSync(join(room, 'file'), '')
  expect(() => makeFolder(join(room, 'file'))).toThrow(/^EEXIST/)
  expect(() => makeFolder(join(room, 'file/below/it'))).toThrow(/^ENOTDIR/)
})

test('a file system that makes no folders is an error, at once', ({ skip }) => {
  if (!existsSync('/proc/self')) return skip('there is no /proc on this machine')
  expect(() => makeFolder('/proc/no/such')).toThrow(/^ENOTSUP/)
})
