import { Command } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { addApi } from './commands/api.ts'
import { addCall } from './commands/call.ts'
import { addCompletion } from './commands/completion.ts'
import { addDatabase } from './commands/database.ts'
import { addDemo } from './commands/demo.ts'
import { addDoctor } from './commands/doctor.ts'
import { addInit } from './commands/init.ts'
import { addMigrate } from './commands/migrate.ts'
import { addOpenApi } from './commands/openapi.ts'
import { addStart } from './commands/start.ts'
import { addVersion } from './commands/version.ts'
import type { CommandIo } from './io.ts'
import { addAuditLog } from './nouns/audit/audit-log.ts'
import { addCache } from './nouns/cache/cache.ts'
import { addClaims } from './nouns/claim/claim.ts'
import { addEmbeddings } from './nouns/embedding/embedding.ts'
import { addErrors } from './nouns/error/error.ts'
import { addEvents } from './nouns/event/event.ts'
import { addFlags } from './nouns/flag/flag.ts'
import { addHealth } from './nouns/health/health.ts'
import { addScores } from './nouns/health/scores.ts'
import { addInsights } from './nouns/insight/insight.ts'
import { addKeys } from './nouns/key/key.ts'
import { addScopes } from './nouns/key/scopes.ts'
import { addBudget } from './nouns/ledger/budget.ts'
import { addCredits } from './nouns/ledger/credits.ts'
import { addLeases } from './nouns/ledger/lease.ts'
import { addLocks } from './nouns/lock/lock.ts'
import { addLogin } from './nouns/login/login.ts'
import { addManifest } from './nouns/manifest/manifest.ts'
import { addMembers } from './nouns/member/member.ts'
import { addMessages } from './nouns/message/message.ts'
import { addEstimate, addPrices } from './nouns/price/price.ts'
import { addProject } from './nouns/project/project.ts'
import { addCalls, addUsage } from './nouns/router/call.ts'
import { addProviders } from './nouns/router/provider.ts'
import { addRoutes } from './nouns/router/route.ts'
import { addSecrets } from './nouns/secret/secret.ts'
import { addSessions } from './nouns/session/session.ts'
import { addShares } from './nouns/share/share.ts'
import { addStorage } from './nouns/storage/storage.ts'
import { addStatus } from './nouns/system/status.ts'
import { addSystem } from './nouns/system/system.ts'
import { addTasks } from './nouns/task/task.ts'
import { addWorker } from './nouns/task/worker.ts'
import { addWebhooks } from './nouns/webhook/webhook.ts'
import { createSession } from './session.ts'
import type { Verbs } from './verbs.ts'

/** Every verb of the command. `writeUsageError` gets what commander says about a malformed command line. */
export function buildProgram(
  io: CommandIo,
  exit: (code: number) => void,
  writeUsageError: (text: string) => void = (text) => io.stderr.write(text),
): Command {
  const program = new Command('core')
    .description('Metered credits, shared by sibling projects')
    .option('--json', 'JSON on stdout, also on a terminal (a pipe or file always gets JSON)')
    .option('--url <url>', 'the control plane; else CORE_URL, the profile, or the one configured here')
    .option('--project <name>', 'the project to act for; else CORE_PROJECT, the profile, or the one of the key')
    .option('--key-stdin', 'read the key from standard input; else CORE_KEY, CORE_OWNER_KEY, the profile')
    .option('--micro', 'amounts are whole micro-credits, given and shown; else credits such as 2.5')
    .option('--timeout <seconds>', 'limit of each call to the control plane', '30')
    .version(manifest.version, '--version', 'print the version')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: writeUsageError })
    .showHelpAfterError('(run core --help, or --help after any verb)')
  const verbs: Verbs = { program, session: () => createSession(io, program), exit }
  addInit(verbs)
  addStart(verbs)
  addStatus(verbs)
  addLogin(verbs)
  addDoctor(verbs)
  addMigrate(verbs)
  addDatabase(verbs)
  addCredits(verbs)
  addLeases(verbs)
  addBudget(verbs)
  addProject(verbs)
  addMembers(verbs)
  addKeys(verbs)
  addScopes(verbs)
  addFlags(verbs)
  addCache(verbs)
  addEmbeddings(verbs)
  addShares(verbs)
  addAuditLog(verbs)
  addErrors(verbs)
  addSystem(verbs)
  addManifest(verbs)
  addHealth(verbs)
  addScores(verbs)
  addSessions(verbs)
  addTasks(verbs)
  addWorker(verbs)
  addMessages(verbs)
  addClaims(verbs)
  addLocks(verbs)
  addPrices(verbs)
  addSecrets(verbs)
  addStorage(verbs)
  addEstimate(verbs)
  addProviders(verbs)
  addRoutes(verbs)
  addCalls(verbs)
  addUsage(verbs)
  addInsights(verbs)
  addEvents(verbs)
  addWebhooks(verbs)
  addDemo(verbs)
  addCall(verbs)
  addApi(verbs)
  addOpenApi(verbs)
  addCompletion(verbs)
  addVersion(verbs)
  return program
}
