import { credits } from '@core/ledger'
import type { Core } from '../core.ts'
import type { Recorder } from './recorder.ts'

/** Credits, leases, prices and models. */
export async function callLedger(core: Core, other: string, { call, refused }: Recorder): Promise<void> {
  const { ledger, project: account } = core
  await callHolds(core, { call, refused })

  const charge = { account, amount: credits(0.25), key: 'charge', metadata: { user: 'ada', note: 'é 🎨' } }
  const charged = await call('ledger.charge', () => ledger.charge(charge))
  await call('ledger.charge again', () => ledger.charge(charge))
  const tx = 'tx' in charged ? charged.tx : 0
  await call('ledger.refund', () => ledger.refund({ tx, amount: credits(0.05), key: 'refund' }))
  await call('ledger.ensureUser', () => ledger.ensureUser({ user: 'ada', limit: credits(5), period: 'month' }))
  await refused('ledger.transfer to another project', () =>
    ledger.transfer({ from: account, to: other, amount: credits(1), key: 'move' }),
  )
  const range = { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2027-01-01T00:00:00Z') }
  await call('ledger.usage', () => ledger.usage({ account, ...range, bucket: 'total', by: ['user'] }))
  await refused('ledger.balance of another project', () => ledger.balance(other))
  await call('ledger.balance', () => ledger.balance(account))
  await call('ledger_history', () => core.rpc('ledger_history', { p_account: account, p_limit: 3 }))
  await call('ledger_holds', () => core.rpc('ledger_holds', { p_account: account, p_limit: 3 }))

  const opened = await call('ledger.leases.open', () =>
    ledger.leases.open({ key: 'lease', account, amount: credits(2), ttlSeconds: 600, device: 'here' }),
  )
  const lease = 'lease' in opened ? opened.lease : ''
  await call('ledger.leases.report', () =>
    ledger.leases.report({
      lease,
      seq: 1,
      items: [{ key: 'spent', amount: credits(0.5), at: '2026-11-01T00:00:00+00:00' }],
    }),
  )
  await call('ledger.leases.close', () => ledger.leases.close({ key: 'end', lease }))

  await call('prices.find', () => core.prices.find('local', 'local', new Date('2027-01-01T00:00:00Z')))
  await call('price_list', () => core.rpc('price_list', { p_provider: 'local' }))
  const request = { messages: [{ role: 'user', content: 'What is a hold?' }], maxOutputTokens: 20 } as const
  await call('llm.chat', async () => {
    const { content, finish, usage, cost } = await core.llm.chat(request)
    return { content, finish, usage, cost }
  })
  await call('llm.stream', async () => {
    let text = ''
    for await (const delta of core.llm.stream(request)) if (delta.type === 'text') text += delta.text
    return text
  })
  await call('llm.estimate', async () => (await core.llm.estimate({ ...request, model: 'local/local' })).cost)
  await call('llm.probe', async () => (await core.llm.probe()).map(({ ok }) => ok))
}

async function callHolds({ ledger, project: account }: Core, { call, refused }: Omit<Recorder, 'answers'>) {
  const reserved = await call('ledger.reserve', () => ledger.reserve({ account, amount: credits(2), key: 'hold' }))
  const hold = 'hold' in reserved ? reserved.hold : ''
  await call('ledger.extend', () => ledger.extend({ hold, add: credits(1), key: 'extend' }))
  await call('ledger.capture', () => ledger.capture({ hold, amount: credits(0.5), key: 'capture' }))
  await call('ledger.settle', () => ledger.settle({ hold, amount: credits(1), key: 'settle' }))
  await call('ledger.settle again', () => ledger.settle({ hold, amount: credits(1), key: 'settle' }))
  await call('ledger.void after settle', () => ledger.void({ hold, reason: 'late', key: 'void' }))
  await call('ledger.refundHold', () => ledger.refundHold({ hold, amount: credits(0.1), key: 'give back' }))
  await call('ledger.reserve too much', () => ledger.reserve({ account, amount: credits(1e6), key: 'much' }))
  await refused('ledger.settle of no hold', () => ledger.settle({ hold: 'none', key: 'nothing' }))
  await call('ledger.withHold', () =>
    ledger.withHold({ account, max: credits(1), key: 'work' }, async (live) => {
      live.meter(credits(0.125))
      return 'painted'
    }),
  )
  const many = Array.from({ length: 50 }, (_, n) =>
    ledger.reserve({ account, amount: credits(0.01), key: `many ${n}` }),
  )
  const holds = await Promise.all(many)
  await call('ledger.void of 50 at once', async () => {
    const ended = await Promise.all(
      holds.map((each, n) => ledger.void({ hold: 'hold' in each ? each.hold : '', reason: 'done', key: `end ${n}` })),
    )
    return [...new Set(ended.map(({ status }) => status))]
  })
}
