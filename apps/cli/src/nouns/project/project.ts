import { formatFields, formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { addProjectAdd } from './project-add.ts'

interface ProjectOptions {
  release?: string
  endpoint: string[]
  capability: string[]
}

const collect = (value: string, all: string[]) => [...all, value]

export function addProject({ program, session }: Verbs): void {
  const project = program.command('project').description('the sibling projects')

  project
    .command('list')
    .description("the registered projects; a project's key sees its own")
    .action(async () => {
      const current = session()
      const { client } = await current.connect()
      current.output.data(await client.listProjects(), ({ data }) =>
        formatTable(data, [
          { title: 'PROJECT', cell: ({ name }) => name },
          { title: 'VERSION', cell: ({ version }) => version ?? '' },
          { title: 'CAPABILITIES', cell: ({ capabilities }) => capabilities.join(',') },
          { title: 'ENDPOINTS', cell: ({ endpoints }) => Object.values(endpoints).join(',') },
          { title: 'REGISTERED', cell: ({ registeredAt }) => registeredAt },
          { title: 'ARCHIVED', cell: ({ archivedAt }) => archivedAt ?? '' },
        ]),
      )
    })

  project
    .command('show')
    .description("show a project's metadata")
    .argument('[name]', 'omitted: --project, or the one of the key')
    .action(async (name: string | undefined) => {
      const current = session()
      const { client, target } = await current.connect()
      const shown = await client.getProject({ params: { project: name ?? target.project ?? 'current' } })
      current.output.data(shown, (value) =>
        formatFields([
          ['project', value.name],
          ['version', value.version ?? ''],
          ['capabilities', value.capabilities.join(', ')],
          ...Object.entries(value.endpoints).map(([title, url]) => [title, String(url)] as const),
          ['registered', value.registeredAt],
          ['updated', value.updatedAt],
          ['archived', value.archivedAt ?? 'no'],
        ]),
      )
    })

  addProjectAdd(project, { session })

  project
    .command('archive')
    .description('refuse its keys and deny its spending; its books stay, and restore brings everything back')
    .argument('<name>')
    .option('--yes', 'do not ask')
    .action(async (name: string, options: { yes?: boolean }) => {
      const current = session()
      await current.confirm(`Every key of ${name} will be refused.`, options)
      const { client } = await current.connect()
      const archived = await client.archiveProject({ params: { project: name } })
      current.output.data(archived, (value) => `${value.name} is archived since ${value.archivedAt}`)
    })

  project
    .command('restore')
    .description('bring an archived project back, with its keys and accounts as they were')
    .argument('<name>')
    .action(async (name: string) => {
      const current = session()
      const { client } = await current.connect()
      const restored = await client.restoreProject({ params: { project: name } })
      current.output.data(restored, (value) => `${value.name} is restored`)
    })

  project
    .command('register')
    .description('register a project, or update its metadata; omitted fields are unchanged')
    .argument('<name>', '1 to 48 lowercase letters, digits and underscores, beginning with a letter')
    .option('--release <version>', 'the version it runs')
    .option('--endpoint <name=url>', 'where it can be reached; may be repeated', collect, [])
    .option('--capability <name>', 'what it can do; may be repeated', collect, [])
    .action(async (name: string, options: ProjectOptions) => {
      const current = session()
      const { client } = await current.connect()
      const registered = await client.putProject({ params: { project: name }, body: toBody(options) })
      current.output.data(registered, (value) => `${value.name} is registered since ${value.registeredAt}`)
    })

  project
    .command('update')
    .description("change a project's metadata; omitted fields are unchanged")
    .argument('[name]', 'omitted: --project, or the one of the key')
    .option('--release <version>', 'the version it runs')
    .option('--endpoint <name=url>', 'where it can be reached; may be repeated', collect, [])
    .option('--capability <name>', 'what it can do; may be repeated', collect, [])
    .action(async (name: string | undefined, options: ProjectOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const params = { project: name ?? target.project ?? 'current' }
      const updated = await client.updateProject({ params, body: toBody(options) })
      current.output.data(updated, (value) => `${value.name} was updated at ${value.updatedAt}`)
    })
}

function toBody({ release, endpoint, capability }: ProjectOptions) {
  return {
    ...(release === undefined ? {} : { version: release }),
    ...(endpoint.length === 0 ? {} : { endpoints: Object.fromEntries(endpoint.map((pair) => split(pair))) }),
    ...(capability.length === 0 ? {} : { capabilities: capability }),
  }
}

function split(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}
