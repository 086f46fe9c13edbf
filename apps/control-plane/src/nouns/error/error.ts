import type { CreateNoun } from '../../process/noun.ts'
import { errorGroupRoutes } from './routes.ts'

export const error: CreateNoun = () => ({ routes: errorGroupRoutes })
