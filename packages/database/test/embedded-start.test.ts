import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { createEmbeddedFolder } from '../src/testing/index.ts'

const program = `
  import { openDatabase } from '@core/database'
  const { code, retryable, cause } = await openDatabase({ driver: 'embedded', dataDir: 'memory' }).catch((error) => error)
  console.log(JSON.stringify({ code, retryable, cause: cause?.message }))
`
// Runs in every thread before its own module, so that the database's thread dies before it is open.
const saboteur = `
  import { isMainThread } from 'node:worker_threads'
  if (!isMainThread) throw new Error('no memory left')
`

test('a thread that dies at its start is a coded error, not the end of the process', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`--import=data:text/javascript,${encodeURIComponent(saboteur)}`, '--input-type=module', '--eval', program],
    { cwd: dirname(import.meta.dirname), encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ code: 'E_DATABASE_UNAVAILABLE', retryable: true, cause: 'no memory left' })
})

test('where little memory is free, a database takes 400 MB at no moment', async () => {
  await using folder = await createEmbeddedFolder()
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'small-machine.ts'), folder.dataDir],
    { encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  expect(Number(stdout)).toBeGreaterThan(50)
  expect(Number(stdout)).toBeLessThan(400)
})
