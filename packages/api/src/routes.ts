import * as account from './routes/account.ts'
import * as apiKey from './routes/api-key.ts'
import { auditAccount, auditLedger } from './routes/audit.ts'
import { getBalance, getHistory } from './routes/balance.ts'
import * as budget from './routes/budget.ts'
import { chargeCredits } from './routes/charge.ts'
import { listFlags, setFlag } from './routes/flag.ts'
import { grantCredits } from './routes/grant.ts'
import * as hold from './routes/hold.ts'
import { getMe } from './routes/me.ts'
import { listProjects, putProject } from './routes/project.ts'
import { connectRealtime, streamEvents } from './routes/realtime.ts'
import * as system from './routes/system.ts'

/** Every route there is, in the order of the docs. A route that is not here does not exist. */
export const routes = [
  system.live,
  system.ready,
  system.openApiDocument,
  system.docsPage,
  system.problemPage,
  getMe,
  listProjects,
  putProject,
  apiKey.listApiKeys,
  apiKey.createApiKey,
  apiKey.rerollApiKey,
  apiKey.revokeApiKey,
  connectRealtime,
  streamEvents,
  listFlags,
  setFlag,
  account.listAccounts,
  account.openAccount,
  account.getAccount,
  account.updateAccount,
  getBalance,
  getHistory,
  grantCredits,
  hold.reserveHold,
  hold.getHold,
  hold.settleHold,
  hold.voidHold,
  chargeCredits,
  budget.listBudgets,
  budget.setBudget,
  budget.listAlerts,
  auditAccount,
  auditLedger,
] as const

export type Routes = typeof routes
