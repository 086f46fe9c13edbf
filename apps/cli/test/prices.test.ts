import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCore, startCore } from './core-here.ts'
import { createRoom, type RunningCore } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

const room = createRoom()
let running: RunningCore
beforeAll(async () => {
  running = await startCore({ cwd: room.folder })
})
afterAll(async () => {
  await running?.stop()
  room[Symbol.dispose]()
})

const prices = async (...args: readonly string[]) => {
  const env = { CORE_URL: running.url, CORE_KEY: running.keys['owner'] ?? '' }
  const { code, stdout, stderr } = await runCore(['prices', ...args], { cwd: room.folder, stdin: '', env })
  return { code, stderr, stdout, answer: stdout.startsWith('{') ? JSON.parse(stdout) : undefined }
}
/** What a person reads. */
const shownPrices = async (...args: readonly string[]) => {
  const env = { CORE_URL: running.url, CORE_KEY: running.keys['owner'] ?? '', NO_COLOR: '1' }
  return (await runInProcess(['prices', ...args], { cwd: room.folder, env, isTTY: true })).stdout
}
const list = async (name: string, models: Readonly<Record<string, number>>) => {
  const file = join(room.folder, name)
  const cards = Object.entries(models).map(([model, usd]) => ({
    provider: 'maker',
    model,
    aliases: [`${model}-alias`],
    rates: [
      { unit: 'input', nanoUsdPerMillion: usd * 1e9 },
      { unit: 'output', nanoUsdPerMillion: usd * 1e9 },
    ],
  }))
  await writeFile(file, JSON.stringify(cards))
  return file
}
const rated = async (model: string, project: string) => {
  const { answer } = await prices('--project', project, 'list', '--provider', 'maker', '--model', model)
  return answer.data.find((card: Record<string, unknown>) => card['model'] === model).rates
}

test('an import says what is new, changed, kept and no longer listed', async () => {
  const within = ['--project', 'smart_layer', 'import'] as const
  const first = await list('first.json', { one: 1, two: 2, three: 3 })
  expect((await prices(...within, first, '--source', 'makers 1', '--yes')).answer).toMatchObject({
    unchanged: 0,
    overridden: 0,
    unlisted: 0,
    changes: { length: 3 },
  })
  await prices('set', 'maker/one', '--input', '9', '--output', '9')
  const second = await list('second.json', { one: 1, two: 5, four: 4 })
  const shown = await prices(...within, second, '--source', 'makers 2')
  expect(shown.answer).toMatchObject({
    dryRun: true,
    unchanged: 1,
    unlisted: 1,
    changes: [
      { model: 'two', before: expect.anything() },
      { model: 'four', before: null },
    ],
  })
  const table = await shownPrices('import', second, '--source', 'makers 2', '--project', 'smart_layer')
  expect(table).toContain('1 new, 1 changed, 1 unchanged')
  expect(table).toContain('1 are no longer in the list, and keep their price')
  expect(table).not.toContain('maker/one')
  const taken = await shownPrices('import', second, '--source', 'makers 2', '--yes', '--project', 'smart_layer')
  expect(taken).toMatch(/maker\/two +changed/)
  expect((await rated('one', 'smart_layer'))[0].nanoUsdPerMillion).toBe(9e9)
  expect((await rated('three', 'smart_layer'))[0].nanoUsdPerMillion).toBe(3e9)
})

test("a tier does not make one project's price that of all", { timeout: 120_000 }, async () => {
  await prices('import', await list('tiers.json', { shared: 2 }), '--source', 'tiers', '--yes')
  await prices('set', 'maker/shared', '--input', '1', '--output', '1', '--only', 'smart_layer')
  const tier = ['set', 'maker/shared', '--tier', 'priority', '--input', '8', '--output', '8']
  const refused = await prices('--project', 'smart_layer', ...tier)
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain('--only smart_layer')
  expect(await rated('shared', 'manus_origin')).toHaveLength(2)
  expect(await prices('--project', 'manus_origin', ...tier)).toMatchObject({ code: 0 })
  const all = await rated('shared', 'manus_origin')
  expect(all.map((rate: Record<string, unknown>) => [rate['unit'], rate['tier'], rate['nanoUsdPerMillion']])).toEqual([
    ['input', undefined, 2e9],
    ['output', undefined, 2e9],
    ['input', 'priority', 8e9],
    ['output', 'priority', 8e9],
  ])
  expect(await rated('shared', 'smart_layer')).toHaveLength(2)
  expect(await prices(...tier, '--only', 'smart_layer')).toMatchObject({ code: 0 })
  expect((await rated('shared', 'smart_layer'))[0].nanoUsdPerMillion).toBe(1e9)
})

test('a tier of an alias keeps the rates of the model, and a list has none', async () => {
  const file = await list('alias.json', { named: 2 })
  await prices('import', file, '--source', 'aliases', '--yes')
  const tier = ['set', 'maker/named-alias', '--tier', 'priority', '--input', '8', '--output', '8']
  expect(await prices('--project', 'smart_layer', ...tier)).toMatchObject({ code: 0 })
  expect(await rated('named-alias', 'smart_layer')).toHaveLength(4)
  const refused = await prices('import', file, '--tier', 'priority')
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--tier')])
})

test('an estimate is of the prompt and of all that may be answered; without a price there is none', async () => {
  await prices('import', await list('estimates.json', { estimated: 2 }), '--source', 'estimates', '--yes')
  await writeFile(join(room.folder, 'prompt.txt'), 'Reserve first, settle after. '.repeat(1_000))
  const env = { CORE_URL: running.url, CORE_KEY: running.keys['smart_layer'] ?? '', NO_COLOR: '1' }
  const estimate = (model: string, ...args: string[]) =>
    runInProcess(['estimate', 'prompt.txt', '--model', model, ...args], { cwd: room.folder, env })
  const { code, stdout, stderr } = await estimate('maker/estimated', '--output-tokens', '500')
  expect([code, stderr]).toEqual([0, ''])
  const { micro, usage } = JSON.parse(stdout)
  expect(usage).toEqual({ input: expect.any(Number), output: 500 })
  expect(usage.input).toBeGreaterThan(5_000)
  expect(micro).toBe(2 * (usage.input + 500))
  const unknown = await estimate('maker/unheard-of')
  expect([unknown.code, unknown.stdout, unknown.stderr]).toEqual([4, '', expect.stringContaining('no price')])
  expect((await estimate('estimated')).stderr).toContain('provider/model')
})
