// The control plane as `core start` runs it, with its log, on an embedded database.
import { loadConfig } from '@core/config'
import { createLogger, startControlPlane } from '@core/control-plane'
import { answerUsage } from './answer-usage.ts'

const config = loadConfig()
const plane = await startControlPlane({ config, logger: createLogger(config.log.level) })
answerUsage(plane.url)
