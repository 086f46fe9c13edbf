import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { toMarkdown, updateReadme } from './readme.ts'
import { toRow } from './row.ts'
import type { RunHeader } from './run-header.ts'

const header: RunHeader = {
  date: '2026-11-20T10:00:00.000Z',
  command: 'npm run bench -- ledger',
  commit: '0123456789abcdef',
  node: 'v24.0.0',
  machine: { cpu: 'a chip', cores: 2, memoryGb: 8, system: 'linux', loadBefore: 0.5, loadAfter: 2, syncMs: 0.3 },
  subjects: { server: { fsync: 'on' } },
}

test('a missed goal is a row of the table like a met one', () => {
  const text = toMarkdown(
    [toRow('reserves', 39_999, 'per second', { atLeast: 40_000 }), toRow('tail', 2, 'ratio', { atMost: 3 })],
    header,
  )
  expect(text).toContain('| reserves | 40,000 | per second | >= 40000 | **no** |')
  expect(text).toContain('| tail | 2 | ratio | <= 3 | yes |')
  expect(text).toContain('1 of 2 goals met')
  expect(text).toContain('| `fsync` | on |')
})

test('only the part between the marks of the noun is replaced', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-readme-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'README.md')
  await writeFile(file, 'before\n<!-- ledger: last run -->\nold\n<!-- ledger: end -->\nafter\n')
  await updateReadme(file, 'ledger', [toRow('reserves', 1, 'per second')], header)
  await updateReadme(file, 'cache', [toRow('hits', 1, 'per second')], header)
  const text = await readFile(file, 'utf8')
  expect(text).toMatch(/^before\n<!-- ledger: last run -->\n\n2026-11-20.*\n<!-- ledger: end -->\nafter\n$/s)
  expect(text).toContain('reserves')
  expect(text).not.toContain('old')
  expect(text).not.toContain('hits')
})
