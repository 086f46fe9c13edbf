import { loadConfig } from '@core/config'
import { isCoreError } from '@core/foundation'
import { runControlPlane } from './run.ts'

try {
  await runControlPlane(loadConfig())
  process.exit(0)
} catch (error) {
  if (!isCoreError(error)) throw error
  process.stderr.write(`core: ${error.message}\n${error.fix === undefined ? '' : `  ${error.fix}\n`}`)
  process.exit(1)
}
