import type { CreateNoun } from '../../process/noun.ts'
import { memberListeners } from './listeners.ts'
import { memberRoutes } from './routes.ts'

export const member: CreateNoun = (kernel) => ({ routes: memberRoutes, listeners: memberListeners(kernel) })
