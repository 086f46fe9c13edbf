import type { CreateNoun } from '../../process/noun.ts'
import { memberRoutes } from './routes.ts'

export const member: CreateNoun = () => ({ routes: memberRoutes })
