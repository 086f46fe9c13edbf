import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { findRoom } from './find-room.ts'

afterEach(() => vi.unstubAllEnvs())

test('a TMPDIR that is set is kept', () => {
  expect(findRoom()).toBe(tmpdir())
  expect(process.env['TMPDIR']).toBe(tmpdir()) // the run that this is part of has set it
})

test('programs run from the folder that is chosen without one', ({ skip }) => {
  if (process.platform === 'win32') skip('a script of a shell')
  vi.stubEnv('TMPDIR', undefined)
  const folder = mkdtempSync(join(findRoom(), 'core-room-'))
  try {
    writeFileSync(join(folder, 'program'), '#!/bin/sh\necho runs\n', { mode: 0o755 })
    expect(spawnSync(join(folder, 'program'), { encoding: 'utf8' }).stdout).toBe('runs\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
