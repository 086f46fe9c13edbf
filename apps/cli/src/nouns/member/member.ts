import { isRole, type Role, roles } from '@core/api'
import { CoreError } from '@core/foundation'
import { Argument } from 'commander'
import { type PageOptions, printNextCursor } from '../../page.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

export function addMembers({ program, session }: Verbs): void {
  const members = program.command('members').description('the members of a project and their roles')

  members
    .command('list')
    .description('members, by subject')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: PageOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const list = await client.listMembers({ params: { project: target.project ?? 'current' }, query })
      current.output.data(list, ({ data }) =>
        formatTable(data, [
          { title: 'SUBJECT', cell: ({ subject }) => subject },
          { title: 'ROLE', cell: ({ role }) => role },
          { title: 'NAME', cell: ({ name }) => name ?? '' },
          { title: 'SINCE', cell: ({ createdAt }) => createdAt },
          { title: 'CHANGED BY', cell: ({ updatedBy }) => updatedBy },
        ]),
      )
      printNextCursor(current, list.page.next)
    })

  members
    .command('set')
    .description('add a member or change the role; the last owner cannot be removed')
    .argument('<subject>', 'user: and the sub of the token, as GET /v1/me shows it')
    .addArgument(new Argument('<role>', 'what the person may do').choices(roles).argParser(toRole))
    .option('--name <name>', 'display name; omitted: unchanged')
    .action(async (subject: string, role: Role, { name }: { name?: string }) => {
      const current = session()
      const { client, target } = await current.connect()
      const member = await client.putMember({
        params: { project: target.project ?? 'current', subject },
        body: { role, ...(name === undefined ? {} : { name }) },
      })
      current.output.data(member, (set) => `${set.subject} is ${set.role} of ${set.project}`)
    })

  members
    .command('remove')
    .description('remove a member at once')
    .argument('<subject>')
    .option('--yes', 'do not ask')
    .action(async (subject: string, options: { yes?: boolean }) => {
      const current = session()
      const { client, target } = await current.connect()
      await current.confirm(`${subject} loses the project.`, options)
      const gone = await client.removeMember({ params: { project: target.project ?? 'current', subject } })
      current.output.data(gone, (member) => `${member.subject} is no member of ${member.project} any more`)
    })
}

function toRole(text: string): Role {
  if (isRole(text)) return text
  throw new CoreError('E_INVALID', `${JSON.stringify(text)} is not a role`, { fix: `Roles are ${roles.join(', ')}.` })
}
