import { uuidv7 } from '@core/foundation'
import type { Command } from 'commander'
import { formatFields } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

interface AddOptions {
  from: string
  daily?: string
}

/** Everything that a new sibling needs, in one command. */
export function addProjectAdd(project: Command, { session }: Pick<Verbs, 'session'>): void {
  project
    .command('add')
    .description('register a project, open its account on a pool, set its budget and print a key (owner)')
    .argument('<name>', '1 to 48 lowercase letters, digits and underscores, beginning with a letter')
    .option('--from <account>', 'the account whose credits it spends', 'pool')
    .option('--daily <amount>', 'what it may spend a day; left out: no budget')
    .action(async (name: string, { from, daily }: AddOptions) => {
      const current = session()
      const limit = daily === undefined ? undefined : current.amount(daily)
      const { client } = await current.connect()
      const params = { project: name }
      const registered = await client.putProject({ params, body: {} })
      // Fixed keys: a second run resumes the first one.
      await client.openAccount(
        { params, body: { account: name, kind: 'project', parent: from, funding: 'parent' } },
        { idempotencyKey: `project-add:${name}:account` },
      )
      if (limit !== undefined) {
        const daily = { project: name, code: name, budget: 'daily' }
        const body = { period: 'day', limit } as const
        await client.setBudget({ params: daily, body }, { idempotencyKey: `project-add:${name}:daily:${limit}` })
      }
      const key = await client.createApiKey({ params, body: { name: 'first key' } }, { idempotencyKey: uuidv7() })
      const added = {
        project: name,
        from,
        dailyLimit: limit ?? null,
        key: key.secret,
        dbaSql: registered.dbaSql ?? null,
      }
      current.output.data(
        added,
        (value) =>
          [
            formatFields([
              ['project', value.project],
              ['spends from', value.from],
              ['daily limit', value.dailyLimit === null ? 'none' : current.show(value.dailyLimit)],
              ['key', `${value.key}   (shown once)`],
            ]),
            ...(value.dbaSql === null
              ? []
              : ['', `The schema ${name} has no role of its own yet. A DBA executes:`, `  ${value.dbaSql}`]),
          ].join('\n'),
        { shownOnce: true },
      )
    })
}
