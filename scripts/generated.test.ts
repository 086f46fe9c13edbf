import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../packages/database/src/testing/index.ts'
import { root } from './root.ts'
import { listFiles } from './tree.ts'

test('every generated file is what its generator writes, and --check writes nothing', {
  timeout: 180_000,
}, async () => {
  await using database = await createTestDatabase()
  const before = digests()
  const run = spawnSync(process.execPath, [join(root, 'scripts/generate.ts'), '--check'], {
    encoding: 'utf8',
    env: { ...process.env, CORE_TEST_GENERATE_URL: database.url },
  })
  expect(run.status, `${run.stdout}${run.stderr}`).toBe(0)
  expect(digests()).toEqual(before)
})

test('generate refuses an argument it does not know', () => {
  const run = spawnSync(process.execPath, [join(root, 'scripts/generate.ts'), '--chekc'], { encoding: 'utf8' })
  expect(run.status).toBe(2)
  expect(run.stderr).toContain('--chekc')
})

function digests(): Record<string, string> {
  const generated = listFiles().filter((file) => file.includes('/generated/') || file.startsWith('docs/'))
  return Object.fromEntries(
    generated.map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(root, file)))
        .digest('hex'),
    ]),
  )
}
