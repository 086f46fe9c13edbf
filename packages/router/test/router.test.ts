import { runSql } from '@core/database/testing'
import { CoreError } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { credits, microCredits } from '@core/ledger'
import { createPriceBook } from '@core/providers/price'
import { afterAll, expect, test } from 'vitest'
import { type Opened, openRouterUnderTest } from './router-under-test.ts'

const routers = await openRouterUnderTest()
const { fake, open, ask, audit } = routers
afterAll(() => routers[Symbol.asyncDispose]())

const faults = 'slow 429 500 html hang-headers hang cut eof early-error late-error badsse nousage zero wild'.split(' ')

for (const fault of ['none', ...faults]) {
  test(`${fault}: one settle per call, and spent is their sum; plain and streamed, the client stays and leaves`, async () => {
    const opened = await open([`one/${fault}`, 'two/gpt'], {
      limits: { headMs: 150, idleMs: 150, totalMs: 300, drainMs: 100 },
    })
    const calls = [false, true].flatMap((stream) =>
      [false, true].flatMap((leaves) =>
        (['chat', 'messages'] as const).flatMap((operation) =>
          // The second is translated: its provider speaks the other dialect.
          [
            operation === 'messages' ? `claude/${fault}` : 'fast',
            operation === 'messages' ? `one/${fault}` : `claude/${fault}`,
          ].map((model) => ask(opened, { model, stream }, { leaves, operation })),
        ),
      ),
    )
    await Promise.all(calls)
    const { records, unsettled, balance, project } = opened
    const { spent, held } = await balance()
    expect(held).toBe(0)
    expect(unsettled).toEqual([])
    expect(records).toHaveLength(calls.length)
    expect(spent).toBe(records.reduce((sum, { charged }) => sum + charged, 0))
    const journal = await runSql(
      routers.database,
      "select op, count(*)::text as n from core.ledger_tx where project = $1 and op in ('reserve', 'settle', 'void') group by op order by op",
      [project],
    )
    const n = String(calls.length)
    expect(journal).toEqual([
      { op: 'reserve', n },
      { op: 'settle', n },
    ])
    await audit(opened)
  })
}

test('the answer passes as it came, and is charged what the provider counted', async () => {
  const opened = await open(['one/gpt'])
  const plain = await ask(opened, { model: 'fast' })
  const { usage } = JSON.parse(plain.text)
  const cost = usage.prompt_tokens + 2 * usage.completion_tokens
  expect(plain).toMatchObject({
    status: 200,
    headers: { 'core-cost-micro-credits': String(cost), 'core-target': 'one/gpt', 'core-attempts': '1' },
  })
  const stream = await ask(opened, { model: 'fast', stream: true })
  expect(stream.text).not.toContain('"usage":{')
  expect(stream.text).toContain(`: core cost=${cost} target=one/gpt\n\ndata: [DONE]\n\n`)
  const asked = await ask(opened, { model: 'fast', stream: true, stream_options: { include_usage: true } })
  expect(asked.text).toContain('"usage":{')
  expect(opened.records.map(({ charged }) => charged)).toEqual([cost, cost, cost])
  const sent = fake.requests.filter(({ model }) => model === 'gpt').at(-1)
  expect(sent).toMatchObject({ key: 'canary-provider-key', body: { max_tokens: 500, stream: true } })
})

test('a target that fails before its first output costs nothing, and the next one answers', async () => {
  const opened = await open(['one/500', 'one/early-error', 'two/gpt'])
  const answered = await ask(opened, { model: 'fast', stream: true })
  expect(answered).toMatchObject({ status: 200, headers: { 'core-target': 'two/gpt', 'core-attempts': '3' } })
  expect(opened.records).toMatchObject([{ target: 'two/gpt', attempts: 3, flags: ['fallback'] }])
})

test('a stream that breaks ends with an error event in its dialect, and what came is charged', async () => {
  const opened = await open(['one/eof'])
  const openai = await ask(opened, { model: 'fast', stream: true })
  expect(openai.text).toMatch(/data: \{"error":\{"message":"one\/eof ended the stream early".*\}\}\n\n$/)
  const anthropic = await ask(opened, { model: 'claude/eof', stream: true }, { operation: 'messages' })
  expect(anthropic.text).toMatch(/event: error\ndata: \{"type":"error","error":\{"type":"api_error".*\n\n$/)
  expect(opened.records).toMatchObject([{ flags: ['broken', 'estimated'] }, { flags: ['broken'] }])
  for (const { charged } of opened.records) expect(charged).toBeGreaterThan(0)
})

test('a dearer fallback extends the hold first, and is left out where the credits do not allow it', async () => {
  const rich = await open(['one/500', 'dear/gpt'])
  expect(await ask(rich, { model: 'fast' })).toMatchObject({ status: 200, headers: { 'core-target': 'dear/gpt' } })
  const poor = await open(['one/500', 'dear/gpt'], { amount: microCredits(2_000) })
  const refused = await ask(poor, { model: 'fast' })
  expect(refused).toMatchObject({ status: 502, headers: { 'core-target': 'one/500', 'x-should-retry': 'false' } })
  expect(await poor.balance()).toEqual({ spent: 0, held: 0 })
})

test('nothing is sent without credits, a price or a model', async () => {
  const opened = await open(['one/unpriced'], { amount: microCredits(500) })
  const before = fake.requests.length
  expect(await ask(opened, { model: 'one/gpt' })).toMatchObject({ status: 402, headers: { 'x-should-retry': 'false' } })
  const billing = await ask(opened, { model: 'claude/gpt' }, { operation: 'messages' })
  expect(JSON.parse(billing.text)).toMatchObject({ type: 'error', error: { type: 'billing_error' } })
  expect(await ask(opened, { model: 'fast' })).toMatchObject({ status: 400 })
  const missing = await ask(opened, { model: 'nothing' })
  expect(missing.status).toBe(404)
  expect(JSON.parse(missing.text)).toMatchObject({ error: { code: 'model_not_found', type: 'invalid_request_error' } })
  expect(fake.requests).toHaveLength(before)
  expect(opened.records).toEqual([])
})

test('a service tier is charged at its own rates, and not sent where it has none', async () => {
  const credit = { nanoUsdPerCredit: 1e9, markupBasisPoints: 0 }
  const base = [
    { unit: 'input', nanoUsdPerMillion: 1e9 },
    { unit: 'output', nanoUsdPerMillion: 2e9 },
  ] as const
  const priority = base.map(({ unit }) => ({ unit, nanoUsdPerMillion: 5e9, tier: 'priority' }))
  const prices = () => ({ find: () => ({ rates: [...base, ...priority], credit }) })
  const opened = await open(['one/gpt'], { dependencies: { prices } })
  for (const tier of [undefined, 'default', 'priority']) await ask(opened, { model: 'fast', service_tier: tier })
  const [plain = 0, standard, first = 0] = opened.records.map(({ charged }) => charged)
  expect(standard).toBe(plain)
  expect(first).toBeGreaterThan(2 * plain)
  const before = fake.requests.length
  expect(await ask(opened, { model: 'fast', service_tier: 'flex' })).toMatchObject({ status: 400 })
  expect(fake.requests).toHaveLength(before)
})

test('a model without a price is charged at the dearest rates, where that is asked for', async () => {
  const book = createPriceBook(
    [
      { provider: 'one', model: 'cheap', aliases: [], rates: [{ unit: 'input', nanoUsdPerMillion: 1e9 }] },
      {
        provider: 'one',
        model: 'dear',
        aliases: [],
        rates: [
          { unit: 'input', nanoUsdPerMillion: 5e9 },
          { unit: 'output', nanoUsdPerMillion: 9e9 },
        ],
      },
    ],
    [],
    { unknown: 'dearest' },
  )
  const opened = await open(['one/gpt'], { dependencies: { prices: () => book } })
  expect(await ask(opened, { model: 'fast' })).toMatchObject({ status: 200 })
  const [record] = opened.records
  expect(record?.charged).toBeGreaterThan(0)
  expect(record?.charged).toBe(5 * (record?.usage['input'] ?? 0) + 9 * (record?.usage['output'] ?? 0))
})

test('the request of a caller is its own fault: the provider says so, and no other target is asked', async () => {
  const opened = await open(['one/gpt', 'two/gpt'])
  const before = fake.requests.length
  const answered = await ask(opened, { model: 'fast', n: 1, messages: [], input_audio: 1 })
  expect(answered.status).toBe(200)
  expect(fake.requests).toHaveLength(before + 1)
})

test('fifty callers with credits for ten: exactly ten pass', async () => {
  const probe = await open(['one/gpt'])
  await ask(probe, { model: 'fast', stream: true })
  const single = await holdOf(probe)
  const opened = await open(['one/slow'], { amount: microCredits(single * 10) })
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(opened, { model: 'fast', stream: true })))
  const passed = answers.filter(({ status }) => status === 200)
  expect(passed.length).toBe(10)
  expect(answers.filter(({ status }) => status === 402)).toHaveLength(40)
  const { spent, held } = await opened.balance()
  expect(held).toBe(0)
  expect(spent).toBe(opened.records.reduce((sum, { charged }) => sum + charged, 0))
})

async function holdOf({ project }: Opened): Promise<number> {
  const [row] = await runSql(routers.database, 'select amount::text from core.ledger_hold where project = $1', [
    project,
  ])
  return Number(row?.['amount'])
}

test('an Idempotency-Key never makes a second call: in flight and other requests conflict, a kept answer comes again', async () => {
  const opened = await open(['one/slow'])
  const asked = () => fake.requests.filter(({ model }) => model === 'slow').length
  const before = asked()
  const twins = await Promise.all(Array.from({ length: 5 }, () => ask(opened, { model: 'fast' }, { key: 'k' })))
  expect(twins.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409])
  const [first] = twins.filter(({ status }) => status === 200)
  const again = await ask(opened, { model: 'fast' }, { key: 'k' })
  expect(again).toEqual({ ...first, headers: { ...first?.headers, 'idempotency-replayed': 'true' } })
  expect(await ask(opened, { model: 'fast', max_tokens: 7 }, { key: 'k' })).toMatchObject({
    status: 409,
    headers: { 'x-should-retry': 'false' },
  })
  expect(asked()).toBe(before + 1)
  expect(opened.records).toHaveLength(1)
  await audit(opened)
})

test('an answer that is not kept is a conflict: that of a stream, and one of more than 256 KiB', async () => {
  const opened = await open(['one/gpt'])
  expect(await ask(opened, { model: 'fast', stream: true }, { key: 'stream' })).toMatchObject({ status: 200 })
  expect(await ask(opened, { model: 'fast', stream: true }, { key: 'stream' })).toMatchObject({ status: 409 })
  const many = { model: 'local', dimensions: 2_000, input: Array.from({ length: 100 }, (_, at) => `text ${at}`) }
  const large = () => ask(opened, many, { key: 'large', operation: 'embeddings' })
  expect(await large()).toMatchObject({ status: 200 })
  expect(await large()).toMatchObject({ status: 409 })
})

test('where every target cools, the answer says when to come back', async () => {
  // On a clock that does not move: a second that the machine takes would be one less to wait.
  const opened = await open(['one/gpt'], { dependencies: { clock: createFakeClock() } })
  opened.router.health.cool('one/gpt', 30_000, 'rate_limited')
  expect(await ask(opened, { model: 'fast' })).toMatchObject({ status: 503, headers: { 'retry-after': '30' } })
  const soon = await open([])
  soon.router.health.cool('two/soon', 100, 'rate_limited')
  expect(await ask(soon, { model: 'two/soon' })).toMatchObject({ status: 200 })
})

test('a settle that the ledger does not answer is kept with its key, and the client has its answer', async () => {
  const opened = await open(['one/gpt'])
  const { ledger } = opened
  const away = {
    ...ledger,
    settle: () => Promise.reject(new CoreError('E_DATABASE_UNAVAILABLE', 'away', { retryable: true })),
  }
  const answered = await ask({ ...opened, ledger: away }, { model: 'fast' })
  expect(answered).toMatchObject({ status: 200, headers: { 'core-target': 'one/gpt' } })
  const [settle] = opened.unsettled.flatMap((one) => ('settle' in one ? [one.settle] : []))
  expect(opened.records).toMatchObject([{ flags: ['unsettled'], charged: settle?.amount }])
  expect(await opened.balance()).toMatchObject({ spent: 0 })
  for (let time = 0; time < 2; time++) if (settle !== undefined) await ledger.settle(settle)
  expect(await opened.balance()).toEqual({ spent: settle?.amount, held: 0 })
  await audit(opened)
})

test('end users that a route gives a budget have one, however many first calls come at once', async () => {
  const opened = await open(['one/gpt'], { policy: { endUsers: { limit: 50_000, period: 'day' } } })
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => ask(opened, { model: 'fast', user: 'ann@example.org' })),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
  const account = `${opened.project}/u:ann@example.org`
  expect(new Set(opened.records.map((record) => record.account))).toEqual(new Set([account]))
  const budgets = await runSql(
    routers.database,
    'select b.limit_amount::text as limit from core.ledger_budget b join core.ledger_account a on a.id = b.account_id where a.code = $1',
    [account],
  )
  expect(budgets).toEqual([{ limit: '50000' }])
})

test('calls of the process itself: whole, streamed and refused', async () => {
  const opened = await open(['one/gpt'])
  const { router, project, ledger } = opened
  const caller = { project, account: project, subject: 'key:test', tags: [], ledger }
  const messages = [{ role: 'user', content: 'What is a hold?' }]
  const body = { model: 'fast', max_tokens: 500, messages }
  const whole = await router.chat({ body, caller })
  let text = ''
  for await (const { choices } of router.stream({ body, caller })) {
    const [choice] = Array.isArray(choices) ? choices : []
    text += choice?.delta?.content ?? ''
  }
  const { choices } = whole.body
  expect(text).toBe(Array.isArray(choices) && choices[0].message.content)
  const embedded = await router.embed({ body: { model: 'local', input: 'one' }, caller })
  expect(embedded.body).toMatchObject({ data: [{ index: 0 }] })
  const file = new Blob([new Uint8Array(40_000)], { type: 'audio/wav' })
  expect((await router.transcribe({ body: { model: 'local', file }, caller })).body).toMatchObject({
    text: expect.stringMatching(/\w/),
  })
  for await (const _ of router.stream({ body: { ...body, model: 'one/slow' }, caller })) break
  await expect(router.chat({ body: { ...body, model: 'nothing' }, caller })).rejects.toMatchObject({
    code: 'E_PROVIDER',
    details: { status: 404 },
  })
  expect(opened.records).toHaveLength(5)
  const charged = opened.records.reduce((sum, record) => sum + record.charged, 0)
  expect(await opened.balance()).toEqual({ spent: charged, held: 0 })
})

test("a reserve whose first answer was lost is this call's own: it is made, once", async () => {
  const opened = await open(['one/gpt'])
  const reserve: typeof opened.ledger.reserve = async (...args) => {
    await opened.ledger.reserve(...args)
    return await opened.ledger.reserve(...args) // as the driver does, after a connection that was lost
  }
  const lossy = { ...opened, ledger: { ...opened.ledger, reserve } }
  const before = fake.requests.length
  expect(await ask(lossy, { model: 'fast' })).toMatchObject({ status: 200 })
  expect(await ask(lossy, { model: 'fast' }, { key: 'lost' })).toMatchObject({ status: 200 })
  expect(fake.requests).toHaveLength(before + 2)
  const { spent, held } = await opened.balance()
  expect({ spent, held }).toEqual({ spent: opened.records.reduce((sum, { charged }) => sum + charged, 0), held: 0 })
})

test('a reserve that is never answered makes no call, and its hold is kept to be given back', async () => {
  const opened = await open(['one/gpt'])
  const reserve: typeof opened.ledger.reserve = async (...args) => {
    await opened.ledger.reserve(...args)
    throw new CoreError('E_DATABASE_UNAVAILABLE', 'the connection was lost', { details: { sent: true } })
  }
  const before = fake.requests.length
  const answered = await ask({ ...opened, ledger: { ...opened.ledger, reserve } }, { model: 'fast' })
  expect(answered).toMatchObject({ status: 503, headers: { 'x-should-retry': 'true', 'retry-after': '1' } })
  expect(fake.requests).toHaveLength(before)
  // On disk before the client learns of it: what is only in memory dies with the process, and the call costs its floor.
  const { project } = opened
  const giveBack = { hold: expect.any(String), reason: 'the call was not made' }
  expect(opened.unsettled).toEqual([{ project, subject: 'key:test', giveBack }])
  await audit(opened)
})

test('the same id again is refused: a call that has its hold is never a second one', async () => {
  const opened = await open(['one/gpt'])
  const caller = {
    project: opened.project,
    account: opened.project,
    subject: 'key:test',
    tags: [],
    ledger: opened.ledger,
  }
  const call = {
    id: 'twice',
    caller,
    body: { model: 'fast', messages: [{ role: 'user', content: 'What is a hold?' }] },
  }
  const before = fake.requests.length
  await opened.router.chat(call)
  await expect(opened.router.chat(call)).rejects.toMatchObject({ details: { status: 409 } })
  expect(fake.requests).toHaveLength(before + 1)
})

test('where credits are low, a route may take its cheaper target', async () => {
  const opened = await open(['dear/gpt', 'one/gpt'], { amount: microCredits(2_000), policy: { whenLow: 'cheaper' } })
  expect(await ask(opened, { model: 'fast' })).toMatchObject({ status: 200, headers: { 'core-target': 'one/gpt' } })
})

test('local models answer in both dialects and every form', async () => {
  const opened = await open([])
  for (const isStream of [false, true]) {
    for (const operation of ['chat', 'messages', 'responses', 'embeddings'] as const) {
      const answered = await ask(opened, { model: 'local', stream: isStream, input: 'What is a hold?' }, { operation })
      expect(answered.status).toBe(200)
    }
  }
  expect(opened.records.every(({ charged, flags }) => charged > 0 && flags.length === 0)).toBe(true)
})

test('what a provider of one project does cools no other of the same name', async () => {
  const opened = await open(['one/gpt'])
  opened.router.health.refused(`${opened.project}:one/gpt`)
  expect(await ask(opened, { model: 'fast' })).toMatchObject({ status: 200 })
})

test('a stream without a limit of its own is extended, and ends with length where the credits end', async () => {
  const long = await open(['one/gpt'], { usdPerMillion: 1_000, amount: credits(100) })
  const answered = await ask(long, { model: 'fast', stream: true, max_tokens: undefined })
  expect(answered.text).toContain('"finish_reason":"stop"')
  const [{ charged = 0 } = {}] = long.records
  expect(charged).toBeGreaterThan(0)
  expect(await long.balance()).toEqual({ spent: charged, held: 0 })
})
