import { CoreError } from '@core/foundation'
import { wholeNumber } from '../../number-option.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

const kinds = ['openai', 'anthropic', 'openai-compatible', 'ollama', 'local'] as const

interface SetOptions {
  kind: (typeof kinds)[number]
  baseUrl?: string
  secret?: string
  inFlight?: string
  requestsPerMinute?: string
  tokensPerMinute?: string
  shared?: boolean
}

export function addProviders({ program, session }: Verbs): void {
  const providers = program.command('providers').description('who serves models: their addresses and keys')

  providers
    .command('list')
    .description('the providers that the project may use')
    .action(async () => {
      const current = session()
      const { client, target } = await current.connect()
      const list = await client.listProviders({ params: { project: target.project ?? 'current' } })
      current.output.data(list, (answer) =>
        formatTable(answer.providers, [
          { title: 'PROVIDER', cell: ({ name }) => name },
          { title: 'KIND', cell: ({ kind }) => kind },
          { title: 'OF', cell: ({ project }) => project ?? 'every project' },
          { title: 'URL', cell: ({ baseUrl }) => baseUrl ?? 'its maker' },
          { title: 'SECRET', cell: ({ secret }) => secret ?? '-' },
        ]),
      )
    })

  providers
    .command('set')
    .description('set a provider; what is left out is unset')
    .argument('<name>', 'what targets call it')
    .requiredOption('--kind <kind>', kinds.join(', '), toKind)
    .option('--base-url <url>', 'where its API is served, as https://host/v1; left out, the address of its maker')
    .option('--secret <name>', 'the secret with its key')
    .option('--in-flight <calls>', 'calls of one model at a time')
    .option('--requests-per-minute <calls>', 'calls of one model per minute')
    .option('--tokens-per-minute <tokens>', 'tokens of one model per minute')
    .option('--shared', 'for every project (owner)')
    .action(async (name: string, options: SetOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const { kind, baseUrl, secret, inFlight, requestsPerMinute, tokensPerMinute, shared } = options
      const settings = {
        ...(inFlight === undefined ? {} : { inFlight: wholeNumber('--in-flight', inFlight) }),
        ...(requestsPerMinute === undefined
          ? {}
          : { requestsPerMinute: wholeNumber('--requests-per-minute', requestsPerMinute) }),
        ...(tokensPerMinute === undefined
          ? {}
          : { tokensPerMinute: wholeNumber('--tokens-per-minute', tokensPerMinute) }),
      }
      const set = await client.setProvider({
        params: { project: target.project ?? 'current', name },
        query: { shared: shared ? 'true' : 'false' },
        body: {
          kind,
          settings,
          ...(baseUrl === undefined ? {} : { baseUrl }),
          ...(secret === undefined ? {} : { secret }),
        },
      })
      current.output.data(set, (row) => `${row.name} serves models of ${row.project ?? 'every project'}`)
    })

  providers
    .command('remove')
    .description('remove a provider; calls under way stay')
    .argument('<name>')
    .option('--shared', 'the one of every project (owner)')
    .option('--yes', 'do not ask')
    .action(async (name: string, { shared, ...options }: { shared?: boolean; yes?: boolean }) => {
      const current = session()
      const { client, target } = await current.connect()
      await current.confirm(`Routes to ${name} no longer reach it.`, options)
      const params = { project: target.project ?? 'current', name }
      const gone = await client.removeProvider({ params, query: { shared: shared ? 'true' : 'false' } })
      current.output.data(gone, ({ removed }) => (removed ? `${name} is removed` : `there is no provider ${name}`))
    })
}

function toKind(text: string): (typeof kinds)[number] {
  const kind = kinds.find((one) => one === text)
  if (kind !== undefined) return kind
  throw new CoreError('E_INVALID', `${JSON.stringify(text)} is not a kind of provider`, {
    fix: `Kinds are ${kinds.join(', ')}.`,
  })
}
