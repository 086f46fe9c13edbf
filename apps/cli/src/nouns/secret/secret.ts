import { CoreError } from '@core/foundation'
import { withKey } from '../../effect.ts'
import { readHidden } from '../../read-hidden.ts'
import { formatFields, formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

interface Where {
  readonly shared?: boolean
}

const sharedOption = ['--shared', 'of the installation, for every project (owner)'] as const

export function addSecrets({ program, session }: Verbs): void {
  const secrets = program
    .command('secrets')
    .description('keys of providers and the like, sealed; no value is ever shown')

  secrets
    .command('list')
    .description('the secrets of the project, without their values')
    .option(...sharedOption)
    .action(async ({ shared }: Where) => {
      const current = session()
      const { client, target } = await current.connect()
      const params = { project: target.project ?? 'current' }
      const list = await (shared ? client.listSharedSecrets() : client.listSecrets({ params }))
      current.output.data(list, ({ data }) =>
        formatTable(data, [
          { title: 'NAME', cell: ({ name }) => name },
          { title: 'SET', cell: ({ updatedAt }) => updatedAt },
          { title: 'BY', cell: ({ updatedBy }) => updatedBy },
          { title: 'KEY', cell: ({ keyId }) => keyId },
        ]),
      )
    })

  secrets
    .command('set')
    .description('set a secret; the value comes from standard input or is asked for, so that no history keeps it')
    .argument('<name>', 'such as OPENAI_API_KEY')
    .option(...sharedOption)
    // Checked below: the message of the parser would repeat the value.
    .allowExcessArguments()
    .action(async (name: string, { shared }: Where, { args }: { readonly args: readonly string[] }) => {
      if (args.length > 1) {
        throw new CoreError(
          'E_INVALID',
          'the value of a secret is not an argument: histories and lists of processes show it',
          {
            fix: `Pipe it: core secrets set ${name} < file. Replace the value if it is in use.`,
          },
        )
      }
      const current = session()
      const { client, target } = await current.connect()
      const text = current.io.stdin.isTTY
        ? await readHidden(current.io, `Value of ${name}: `)
        : (await current.input.readAll('the value')).replace(/\r?\n$/, '')
      if (text === '') {
        throw new CoreError('E_INVALID', 'the value is empty', { fix: `Pipe it: core secrets set ${name} < file` })
      }
      const params = { project: target.project ?? 'current', name }
      const body = { value: text }
      const set = await (shared
        ? client.putSharedSecret({ params: { name }, body })
        : client.putSecret({ params, body }))
      current.output.data(set, (secret) =>
        formatFields([
          ['secret', secret.name],
          ['of', secret.project ?? 'the installation'],
          ['version', secret.version],
        ]),
      )
    })

  secrets
    .command('remove')
    .description('remove a secret; what uses it fails from then on')
    .argument('<name>')
    .option(...sharedOption)
    .option('--yes', 'do not ask')
    .action(async (name: string, { shared, ...options }: Where & { yes?: boolean }) => {
      const current = session()
      const { client, target } = await current.connect()
      await current.confirm(`What uses ${name} will fail.`, options)
      const params = { project: target.project ?? 'current', name }
      const gone = await (shared ? client.removeSharedSecret({ params: { name } }) : client.removeSecret({ params }))
      current.output.data(gone, () => `${name} is removed`)
    })

  secrets
    .command('rewrap')
    .description('seal all secrets with the first key of CORE_SECRETS_KEY (owner); then the old key can go')
    .action(async () => {
      const current = session()
      const { client } = await current.connect()
      const rewrap = () => withKey(current, {}, (call) => client.rewrapSecrets({}, call))
      let rewrapped = 0
      let last = await rewrap()
      while (last.remaining) {
        rewrapped += last.rewrapped
        last = await rewrap()
      }
      const total = { rewrapped: rewrapped + last.rewrapped, unreadable: last.unreadable }
      current.output.data(
        total,
        ({ unreadable }) =>
          `${total.rewrapped} secrets are sealed with the present key${unreadable === 0 ? '' : `; ${unreadable} cannot be opened: set them again`}`,
      )
    })
}
