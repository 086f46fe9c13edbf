import type { CreateNoun } from '../../process/noun.ts'
import { auditLogRoutes } from './routes.ts'

export const audit: CreateNoun = () => ({ routes: auditLogRoutes })
