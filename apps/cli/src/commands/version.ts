import manifest from '../../package.json' with { type: 'json' }
import type { Verbs } from '../verbs.ts'

export function addVersion({ program, session }: Verbs): void {
  program
    .command('version')
    .description('the versions of Core and of the Node that runs it')
    .action(() => {
      session().output.data(
        { core: manifest.version, node: process.versions.node },
        ({ core, node }) => `core ${core} on Node ${node}`,
      )
    })
}
