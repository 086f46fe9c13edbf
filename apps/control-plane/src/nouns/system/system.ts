import type { CreateNoun } from '../../process/noun.ts'
import { meRoutes } from './routes/me.ts'
import { observationRoutes } from './routes/observation.ts'
import { systemRoutes } from './routes/system.ts'

/** The process: probes, documents, diagnosis, and who the caller is. */
export const system: CreateNoun = (kernel) => ({
  routes: [...systemRoutes(kernel), ...observationRoutes(kernel.observation), ...meRoutes],
})
