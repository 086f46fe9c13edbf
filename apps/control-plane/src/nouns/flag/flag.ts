import type { CreateNoun } from '../../process/noun.ts'
import { flagRoutes } from './routes.ts'

export const flag: CreateNoun = () => ({ routes: flagRoutes })
