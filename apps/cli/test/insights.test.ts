import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCore, startCore } from './core-here.ts'
import { createRoom, type RunningCore } from './core-process.ts'

const room = createRoom()
let running: RunningCore
beforeAll(async () => {
  running = await startCore({ cwd: room.folder })
})
afterAll(async () => {
  await running?.stop()
  room[Symbol.dispose]()
})

const core = async (project: string, ...args: readonly string[]) => {
  const env = { CORE_URL: running.url, CORE_KEY: running.keys['owner'] ?? '' }
  const { code, stdout, stderr } = await runCore(['--project', project, 'insights', ...args], {
    cwd: room.folder,
    stdin: '',
    env,
  })
  return { code, stderr, answer: stdout === '' ? undefined : JSON.parse(stdout) }
}

test('an insight is shared, decided on, shown and removed', async () => {
  const evidence = '{"before": 9}'
  const shared = await core('smart_layer', 'share', 'latency', 'batch it', '--expected', '12.5', '--evidence', evidence)
  expect(shared.answer).toMatchObject({
    expectedBasisPoints: 1250,
    confidenceBasisPoints: 5000,
    evidence: { before: 9 },
  })
  const { insight } = shared.answer
  expect((await core('manus_origin', 'list', '--open')).answer.data).toMatchObject([{ insight, decision: null }])
  const decided = await core('manus_origin', 'decide', insight, 'adopted', '--effect', '-0.5')
  expect(decided.answer).toMatchObject({ decision: 'adopted', effectBasisPoints: -50 })
  expect((await core('smart_layer', 'show', insight)).answer).toMatchObject({
    decisions: [{ project: 'manus_origin' }],
  })
  expect(await core('smart_layer', 'remove', insight, '--yes')).toMatchObject({ code: 0, answer: { insight } })
})

test('what is malformed is refused with what to write', async () => {
  expect((await core('smart_layer', 'share', 'c', 't', '--expected', 'much')).stderr).toContain('12.5')
  expect((await core('smart_layer', 'share', 'c', 't', '--evidence', '[]')).stderr).toContain('JSON object')
  expect((await core('smart_layer', 'decide', 'x', 'maybe')).stderr).toContain('adopted, rejected or reverted')
})
