// The control plane as `core start` runs it, on a fresh embedded database, asked by its parent how much it uses.
import { loadConfig } from '@core/config'
import { startControlPlane } from '@core/control-plane'
import { silentLogger } from '@core/foundation'

const config = loadConfig({
  env: {},
  overrides: {
    http: { port: 0 },
    dataDir: process.env['BENCH_DATA_DIR'] ?? '',
    ownerKey: process.env['CORE_OWNER_KEY'] ?? '',
  },
})
const plane = await startControlPlane({ config, logger: silentLogger })
process.on('message', (question) => {
  if (question === 'usage') {
    globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    process.send?.({ rss, heapUsed, external, cpuMs: (user + system) / 1000 })
  } else void plane.close().then(() => process.exit(0))
})
process.send?.({ url: plane.url })
