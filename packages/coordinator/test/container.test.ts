import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTestDatabase } from '@core/database/testing'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const program = join(import.meta.dirname, 'join-process.ts')

/** Whether this machine lets the test make namespaces as a container has them. */
const canMakeContainers = () =>
  run('unshare', ['--pid', '--fork', '--mount-proc', 'true']).then(
    () => true,
    () => false,
  )

test('in two containers the process of pid 1 is another one, and in each it is there once', async ({ skip }) => {
  if (!(await canMakeContainers())) return skip('namespaces cannot be made on this machine')
  await using on = await createTestDatabase({ poolSize: 2 })
  await on.database.rpc('project_register', { p_name: 'baker' })
  const start = async () => {
    const command = ['--pid', '--fork', '--mount-proc', process.execPath, program, on.url]
    const { stdout } = await run('unshare', command, { timeout: 100_000 })
    return JSON.parse(stdout)
  }
  // Both at once, so that their start times may be equal, too.
  const [first, second] = await Promise.all([start(), start()])
  expect([first.pid, second.pid]).toEqual([1, 1])
  expect([first.again, second.again]).toEqual(['session_live', 'session_live'])
  const rows = await on.sql(`select distinct fingerprint from core.session where project = 'baker'`)
  expect(rows).toHaveLength(2)
})
