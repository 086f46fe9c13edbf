import type { CreateNoun } from '../../process/noun.ts'
import { projectRoutes } from './routes.ts'

export const project: CreateNoun = () => ({ routes: projectRoutes })
