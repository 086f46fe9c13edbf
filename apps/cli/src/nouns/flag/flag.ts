import type { Client } from '@core/api/client'
import { CoreError } from '@core/foundation'
import { z } from 'zod'
import { type PageOptions, printNextCursor } from '../../page.ts'
import { parsePercent } from '../../percent.ts'
import type { Session } from '../../session.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

export function addFlags({ program, session }: Verbs): void {
  const flags = program.command('flags').description('feature flags that change while programs run')

  flags
    .command('list')
    .description('the overrides that hold for a project: its own and those for all')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .option('--all', 'every override there is, of each project and for all (owner)')
    .action(async ({ all, ...query }: PageOptions & ForAll) => {
      const current = session()
      const { client, target } = await current.connect()
      const list = all
        ? await client.listAllFlags({ query })
        : await client.listFlags({ params: { project: target.project ?? 'current' }, query })
      current.output.data(list, ({ data }) =>
        formatTable(data, [
          { title: 'FLAG', cell: ({ name }) => name },
          { title: 'VALUE', cell: ({ value }) => JSON.stringify(value) },
          { title: 'FOR', cell: ({ project }) => project ?? 'all projects' },
          { title: 'SHARE', align: 'right', cell: ({ rolloutBasisPoints }) => `${rolloutBasisPoints / 100} %` },
          { title: 'CHANGED', cell: ({ updatedAt }) => updatedAt },
          { title: 'BY', cell: ({ updatedBy }) => updatedBy },
        ]),
      )
      printNextCursor(current, list.page.next)
    })

  flags
    .command('set')
    .description('override a flag for a project; every process sees it within two seconds')
    .argument('<name>')
    .argument('<value>', 'as JSON: true, 12, "text", {"max": 3}')
    .option('--percent <share>', 'of the users, jobs or other units that get the value', '100')
    .option('--all', 'for all projects (owner); the override of a project wins')
    .action(async (name: string, value: string, { percent, ...forAll }: ForAll & { percent: string }) => {
      const body = { value: parseValue(value), rolloutBasisPoints: parsePercent(percent, 100) }
      await change(session(), name, forAll, {
        forAll: (client) => client.setFlagForAll({ params: { name }, body }),
        of: (client, project) => client.setFlag({ params: { project, name }, body }),
      })
    })

  flags
    .command('clear')
    .description('remove the override of a project, so that the one for all, or the default in code, holds again')
    .argument('<name>')
    .option('--all', 'the one for all projects (owner)')
    .action(async (name: string, forAll: ForAll) => {
      await change(session(), name, forAll, {
        forAll: (client) => client.clearFlagForAll({ params: { name } }),
        of: (client, project) => client.clearFlag({ params: { project, name } }),
      })
    })
}

interface ForAll {
  all?: boolean
}

type JsonValue = z.infer<ReturnType<typeof z.json>>

interface Change {
  forAll(client: Client): Promise<{ changed: boolean }>
  of(client: Client, project: string): Promise<{ changed: boolean }>
}

async function change(current: Session, name: string, { all }: ForAll, make: Change): Promise<void> {
  const { client, target } = await current.connect()
  const made = all ? await make.forAll(client) : await make.of(client, target.project ?? 'current')
  current.output.data(made, ({ changed }) => (changed ? `${name} is changed` : `${name} was so already`))
}

function parseValue(text: string): JsonValue {
  try {
    const value = z.json().parse(JSON.parse(text))
    if (value !== null) return value
  } catch (cause) {
    throw new CoreError('E_INVALID', `${JSON.stringify(text)} is not JSON`, {
      cause,
      fix: `For a text, write the quotes as well: '"${text.replaceAll('"', '')}"'.`,
    })
  }
  throw new CoreError('E_INVALID', 'null is no value for a flag', { fix: 'core flags clear removes an override.' })
}
