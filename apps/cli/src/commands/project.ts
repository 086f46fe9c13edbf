import type { Verbs } from '../program.ts'
import { formatTable } from '../table.ts'

interface RegisterOptions {
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
        ]),
      )
    })

  project
    .command('register')
    .description('register a project, or update what it says of itself; what is left out stays')
    .argument('<name>', '1 to 48 lowercase letters, digits and underscores, beginning with a letter')
    .option('--release <version>', 'the version it runs')
    .option('--endpoint <name=url>', 'where it can be reached; may be repeated', collect, [])
    .option('--capability <name>', 'what it can do; may be repeated', collect, [])
    .action(async (name: string, { release, endpoint, capability }: RegisterOptions) => {
      const current = session()
      const { client } = await current.connect()
      const endpoints = Object.fromEntries(endpoint.map((pair) => split(pair)))
      const registered = await client.putProject({
        params: { project: name },
        body: {
          ...(release === undefined ? {} : { version: release }),
          ...(endpoint.length === 0 ? {} : { endpoints }),
          ...(capability.length === 0 ? {} : { capabilities: capability }),
        },
      })
      current.output.data(registered, (value) => `${value.name} is registered since ${value.registeredAt}`)
    })
}

function split(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}
