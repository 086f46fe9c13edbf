import { formatFields } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

export function addStatus({ program, session }: Verbs): void {
  program
    .command('status')
    .description('whether the control plane is up, its database, and who you are to it')
    .action(async () => {
      const current = session()
      const { client, target } = await current.connect()
      const { checks, status } = await client.ready({}, { signal: current.io.signal })
      const me = target.key === undefined ? undefined : await client.getMe()
      const result = {
        url: target.url,
        status,
        database: checks.database,
        key: target.keySource,
        project: me?.project ?? null,
        scopes: me?.scopes ?? [],
      }
      current.output.data(result, ({ url, status, database }) =>
        formatFields([
          ['control plane', `${url} is ${status}`],
          ['database', `${database.status}, ${database.latencyMs} ms`],
          ['key', target.key === undefined ? 'none: set CORE_KEY' : `from ${target.keySource}`],
          ...(me
            ? [['acts for', me.project ?? 'any project (owner)'] as const, ['scopes', me.scopes.join(', ')] as const]
            : []),
        ]),
      )
    })
}
