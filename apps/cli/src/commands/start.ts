import { localConfig } from '../local-database.ts'
import { keepOwnerKey } from '../owner-key-file.ts'
import type { Verbs } from '../verbs.ts'

export function addStart({ program, session }: Verbs): void {
  program
    .command('start')
    .description('run the control plane until SIGTERM or SIGINT; migrates first, and prints the keys it makes')
    .action(async () => {
      const { runControlPlane } = await import('@core/control-plane') // half of what `core` would load otherwise
      const { io, output } = session()
      const config = localConfig(io)
      await runControlPlane(config, {
        async onStarted({ firstStart: { ownerKey } }) {
          // A server elsewhere has its own guards; a key for it does not belong on this disk unasked.
          if (ownerKey === undefined || config.database.driver !== 'embedded') return
          const file = await keepOwnerKey(config.dataDir, ownerKey)
          output.info(`core: keeping the owner's key in ${file}, for core and npm run demo on this machine`)
        },
      })
    })
}
