import type { CreateNoun } from '../../process/noun.ts'
import { apiKeyRoutes } from './routes.ts'

export const key: CreateNoun = () => ({ routes: apiKeyRoutes })
