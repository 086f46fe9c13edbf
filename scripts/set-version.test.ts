import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from './root.ts'
import { listPackages } from './workspace.ts'

const manifests = [
  'package.json',
  'bench/package.json',
  ...listPackages().map(({ folder }) => `${folder}/package.json`),
]

test('every package takes the version of a release, and the changelog says its day', () => {
  const folder = copyManifests('# Changelog\n\n## 9.8.7 (not released)\n\n- a\n\n## 0.1.0 (2026-01-01)\n')
  const before = readFileSync(join(folder, 'packages/ledger/package.json'), 'utf8')
  const { stdout } = run('9.8.7', folder)
  expect(stdout).toBe(`${manifests.length} packages and CHANGELOG.md are of 9.8.7\n`)
  for (const name of manifests) {
    expect(JSON.parse(readFileSync(join(folder, name), 'utf8')).version, name).toBe('9.8.7')
  }
  expect(readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')).toMatch(
    /^# Changelog\n\n## 9\.8\.7 \(2\d{3}-\d\d-\d\d\)\n\n- a\n\n## 0\.1\.0 \(2026-01-01\)\n$/,
  )
  const version = `"version": "${JSON.parse(before).version}"`
  expect(readFileSync(join(folder, 'packages/ledger/package.json'), 'utf8')).toBe(
    before.replace(version, '"version": "9.8.7"'),
  )
})

test.each([
  ['what is no version', 'next', '## 9.8.7 (not released)\n', 'name a version, such as 0.3.0'],
  ['a changelog without a part for it', '9.8.7', '## 9.8.7 (2026-01-01)\n', 'CHANGELOG.md has no part that is named'],
])('%s is refused, and nothing is written', (_, version, changes, message) => {
  const folder = copyManifests(changes)
  const { status, stderr } = run(version, folder)
  expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining(message) })
  expect(readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')).toBe(changes)
  expect(readFileSync(join(folder, 'package.json'), 'utf8')).toBe(readFileSync(join(root, 'package.json'), 'utf8'))
})

function copyManifests(changes: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'core-version-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of manifests) cpSync(join(root, name), join(folder, name))
  writeFileSync(join(folder, 'CHANGELOG.md'), changes)
  return folder
}

function run(...words: readonly string[]) {
  return spawnSync(process.execPath, [join(import.meta.dirname, 'set-version.ts'), ...words], { encoding: 'utf8' })
}
