import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCore, startCore } from './core-here.ts'
import { createRoom, type RunningCore } from './core-process.ts'

const first = Buffer.alloc(32, 1).toString('base64')
const value = 'sk-kanarienvogel'
const room = createRoom()
afterAll(() => room[Symbol.dispose]())

const coreAt = (running: RunningCore, key: string) => (args: readonly string[], stdin?: string) =>
  runCore(['--url', running.url, '--project', 'smart_layer', ...args], {
    cwd: room.folder,
    env: { CORE_KEY: running.keys[key] ?? '' },
    ...(stdin === undefined ? {} : { stdin }),
  })

/** All that has to be sealed. */
async function askForSeals(running: RunningCore) {
  const owner = coreAt(running, 'owner')
  const upload = JSON.stringify({ name: 'a', size: 1, contentType: 'text/plain' })
  return [
    await owner(['secrets', 'set', 'SEALED'], value),
    await owner(['webhooks', 'add', 'billing', 'https://receiver.example/', '--topics', 'flag']),
    await owner(['api', 'POST', '/v1/projects/smart_layer/uploads', '--body', upload]),
  ]
}

describe('with a key to seal with', () => {
  let running: RunningCore
  beforeAll(async () => {
    running = await startCore({ cwd: room.folder, env: { CORE_SECRETS_KEY: first } })
  })
  afterAll(() => running?.stop())

  test('a secret comes from standard input, and no command shows it', async () => {
    const owner = coreAt(running, 'owner')
    const steps = [
      await owner(['secrets', 'set', 'OPENAI_API_KEY'], `${value}\n`),
      await owner(['secrets', 'set', 'OPENAI_API_KEY', '--json'], value),
      await owner(['secrets', 'set', 'SHARED', '--shared'], value),
      await owner(['secrets', 'list']),
      await owner(['secrets', 'list', '--shared', '--json']),
      await owner(['secrets', 'rewrap']),
      await owner(['secrets', 'remove', 'OPENAI_API_KEY', '--yes']),
    ]
    for (const { code, stdout, stderr } of steps) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).not.toContain(value)
    }
    expect(steps[3]?.stdout).toContain('OPENAI_API_KEY')
    expect(JSON.parse((await owner(['secrets', 'list'])).stdout)).toMatchObject({ data: [] })
    const none = await owner(['secrets', 'set', 'EMPTY'], '')
    expect([none.code, none.stderr]).toEqual([expect.any(Number), expect.stringContaining('the value is empty')])
    // A value where a name belongs is not repeated.
    const wrong = await owner(['secrets', 'set', 'SOME_NAME', value])
    expect(wrong.code).not.toBe(0)
    expect(wrong.stdout + wrong.stderr).not.toContain(value)
  })

  test('what is refused without one works with it', async () => {
    for (const { code } of await askForSeals(running)) expect(code).toBe(0)
  })

  test('a key of the project without the scope is refused', async () => {
    const refused = await coreAt(running, 'smart_layer')(['secrets', 'set', 'MINE'], value)
    expect([refused.code, refused.stderr]).toEqual([expect.any(Number), expect.stringContaining('secret:write')])
  })
})

describe('without one', () => {
  test('secrets, webhooks and signed addresses are refused, and the error says how to have them', async () => {
    const running = await startCore({ cwd: room.folder })
    const replies = await askForSeals(running)
    await running.stop()
    for (const { code, stdout, stderr } of replies) {
      expect(code).toBe(5)
      expect(stdout + stderr).toContain('openssl rand -base64 32')
      expect(stdout + stderr).not.toContain(value)
    }
  })
})
