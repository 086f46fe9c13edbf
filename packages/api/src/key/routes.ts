import { createApiKey, getApiKey, listApiKeys, rerollApiKey, revokeApiKey, updateApiKey } from './routes/api-key.ts'
import { verifyApiKey } from './routes/api-key-verify.ts'
import {
  createSystemApiKey,
  getSystemApiKey,
  listSystemApiKeys,
  rerollSystemApiKey,
  revokeSystemApiKey,
  updateSystemApiKey,
} from './routes/system-key.ts'

/** In the order of the docs. */
export const routes = [
  listApiKeys,
  createApiKey,
  getApiKey,
  updateApiKey,
  rerollApiKey,
  revokeApiKey,
  listSystemApiKeys,
  createSystemApiKey,
  getSystemApiKey,
  updateSystemApiKey,
  rerollSystemApiKey,
  revokeSystemApiKey,
  verifyApiKey,
] as const
