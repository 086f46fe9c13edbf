export {
  type AuthProvider,
  type AuthProviderDependencies,
  createAuthProvider,
  hashLoginToken,
  type NewLogin,
  openLogin,
} from './auth-provider.ts'
export { createLocalDriver, type LocalSettings, localIssuer } from './drivers/local.ts'
export { createSupabaseDriver, type SupabaseLoginSettings } from './drivers/supabase.ts'
export type { BegunLogin, FinishedLogin, LoginDriver, LoginFlow } from './login-driver.ts'
export { challengeOf } from './login-flow.ts'
export { type OpenLoginDriverOptions, openLoginDriver } from './open-login-driver.ts'
export type { Person } from './person.ts'
