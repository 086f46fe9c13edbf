import type { CreateNoun } from '../../process/noun.ts'
import { keyListeners } from './listeners.ts'
import { apiKeyRoutes } from './routes.ts'

export const key: CreateNoun = (kernel) => ({ routes: apiKeyRoutes, listeners: keyListeners(kernel) })
