import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

export function addScopes({ program, session }: Verbs): void {
  program
    .command('scopes')
    .description('every scope there is, and which roles have it')
    .action(async () => {
      const current = session()
      const { client } = await current.connect()
      current.output.data(await client.listScopes(), ({ data, roles }) =>
        formatTable(data, [
          { title: 'SCOPE', cell: ({ scope }) => scope },
          {
            title: 'ROLES',
            cell: ({ scope }) =>
              roles
                .filter(({ scopes }) => scopes.includes(scope))
                .map(({ role }) => role)
                .join(','),
          },
          { title: 'WHAT IT ALLOWS', cell: ({ summary }) => summary },
        ]),
      )
    })
}
