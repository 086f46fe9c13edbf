import { afterAll, expect, test } from 'vitest'
import { openRouterUnderTest } from './router-under-test.ts'

const under = await openRouterUnderTest()
const { fake, open, ask, audit } = under
afterAll(() => under[Symbol.asyncDispose]())

const tokens = [
  { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
  { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
] as const
/** A search costs 10,000 micro-credits. */
const searching = [...tokens, { unit: 'searches', nanoUsdPerMillion: 10_000_000_000_000 }] as const
const credit = { nanoUsdPerCredit: 1_000_000_000, markupBasisPoints: 0 }
const openAt = (rates: typeof tokens | typeof searching) =>
  open(['one/gpt'], { dependencies: { prices: () => ({ find: () => ({ rates, credit }) }) } })

const asked = [
  ['responses', { model: 'one/gpt', input: 'Hi', tools: [{ type: 'web_search' }] }, 1],
  ['responses', { model: 'one/gpt', input: 'Hi', tools: [{ type: 'web_search' }], stream: true }, 1],
  ['chat', { model: 'one/gpt', web_search_options: {} }, 1],
  ['chat', { model: 'one/gpt', web_search_options: {}, stream: true }, 1],
  ['messages', { model: 'claude/gpt', tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }] }, 2],
] as const

test('searches of a provider are reserved and charged by their price, and refused without one', async () => {
  const priced = await openAt(searching)
  const unpriced = await openAt(tokens)
  for (const [operation, body, searches] of asked) {
    const before = await priced.balance()
    const answered = await ask(priced, body, { operation })
    expect(answered.status, `${operation} ${answered.text}`).toBe(200)
    const { spent, held } = await priced.balance()
    const record = priced.records.at(-1)
    expect(record?.usage).toMatchObject({ searches })
    expect(spent - before.spent).toBe(record?.charged)
    expect(record?.charged).toBeGreaterThan(searches * 10_000)
    expect(record?.charged).toBeLessThan((searches + 1) * 10_000)
    expect(held).toBe(0)
    const sent = fake.requests.length
    const refused = await ask(unpriced, body, { operation })
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('searches of the web')
    expect(fake.requests).toHaveLength(sent)
  }
  expect(await unpriced.balance()).toEqual({ spent: 0, held: 0 })
  await audit(priced)
})

test('tools that a provider runs and bills otherwise are refused, and those of the client pass', async () => {
  const opened = await openAt(searching)
  const refused = [
    ['responses', { type: 'code_interpreter', container: { type: 'auto' } }],
    ['responses', { type: 'file_search', vector_store_ids: ['vs_1'] }],
    ['responses', { type: 'image_generation' }],
    ['responses', { type: 'shell', environment: { type: 'container_auto' } }],
    ['responses', { type: 'of_tomorrow' }],
    ['messages', { type: 'code_execution_20250825', name: 'code_execution' }],
  ] as const
  const sent = fake.requests.length
  for (const [operation, tool] of refused) {
    const model = operation === 'messages' ? 'claude/gpt' : 'one/gpt'
    const answered = await ask(opened, { model, input: 'Hi', tools: [{ type: 'function' }, tool] }, { operation })
    expect(answered.status, tool.type).toBe(400)
    expect(answered.text).toContain(tool.type)
  }
  expect(fake.requests).toHaveLength(sent)
  for (const type of ['function', 'custom', 'mcp', 'local_shell', 'apply_patch', 'computer_use_preview']) {
    const body = { model: 'one/gpt', input: 'Hi', tools: [{ type, name: 'a' }] }
    expect(await ask(opened, body, { operation: 'responses' }), type).toMatchObject({ status: 200 })
  }
})
