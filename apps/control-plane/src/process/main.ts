import { loadConfig } from '@core/config'
import { isCoreError, primaryError } from '@core/foundation'
import { runControlPlane } from './run.ts'

try {
  await runControlPlane(loadConfig())
  process.exit(0)
} catch (thrown) {
  const error = primaryError(thrown)
  if (!isCoreError(error)) throw error
  process.stderr.write(`core: ${error.message}\n${error.fix === undefined ? '' : `  ${error.fix}\n`}`)
  process.exit(1)
}
