import { credits } from '@core/ledger'

/** What a request of a sibling does. */
export async function useCore(core) {
  const account = core.project
  const work = await core.ledger.withHold({ account, max: credits(0.02) }, async (hold) => {
    hold.meter(credits(0.005))
    return 'painted'
  })
  const reserves = Array.from({ length: 5 }, () => core.ledger.reserve({ account, amount: credits(0.0001) }))
  const holds = await Promise.all(reserves)
  await Promise.all(holds.map(({ hold }) => core.ledger.void({ hold, reason: 'done' })))
  const value = await core.cache.getOrSet('sky', () => 'blue')
  const { outcome } = await core.coordinator.tasks.enqueue('paint', { kind: 'wall', key: crypto.randomUUID() })
  const sent = await core.coordinator.messages.send(
    'manus_origin',
    'hello',
    { from: 'here' },
    { key: crypto.randomUUID() },
  )
  const projects = []
  for await (const { project } of core.coordinator.manifest()) projects.push(project)
  const { vectors } = await core.embeddings.embed(['the sky'])
  const denied = await core.ledger.balance('manus_origin').catch((error) => error.code)
  const { state } = core.status()
  return {
    work: work.status,
    charged: work.charged,
    reserved: holds.filter(({ status }) => status === 'reserved').length,
    value,
    outcome,
    recipients: sent.recipients,
    projects: projects.length,
    dims: vectors[0]?.length > 0,
    denied,
    state,
  }
}
