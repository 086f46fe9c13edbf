import { audit } from './nouns/audit/audit.ts'
import { cache } from './nouns/cache/cache.ts'
import { claim } from './nouns/claim/claim.ts'
import { embedding } from './nouns/embedding/embedding.ts'
import { error } from './nouns/error/error.ts'
import { event } from './nouns/event/event.ts'
import { file } from './nouns/file/file.ts'
import { flag } from './nouns/flag/flag.ts'
import { health } from './nouns/health/health.ts'
import { insight } from './nouns/insight/insight.ts'
import { key } from './nouns/key/key.ts'
import { ledger } from './nouns/ledger/ledger.ts'
import { lock } from './nouns/lock/lock.ts'
import { login } from './nouns/login/login.ts'
import { manifest } from './nouns/manifest/manifest.ts'
import { member } from './nouns/member/member.ts'
import { message } from './nouns/message/message.ts'
import { price } from './nouns/price/price.ts'
import { project } from './nouns/project/project.ts'
import { router } from './nouns/router/router.ts'
import { secret } from './nouns/secret/secret.ts'
import { session } from './nouns/session/session.ts'
import { share } from './nouns/share/share.ts'
import { system } from './nouns/system/system.ts'
import { task } from './nouns/task/task.ts'
import { webhook } from './nouns/webhook/webhook.ts'
import type { CreateNoun } from './process/noun.ts'

/** Everything this control plane serves: the one list that a new noun is added to. */
export const nouns: readonly CreateNoun[] = [
  system,
  event,
  key,
  member,
  project,
  flag,
  share,
  cache,
  embedding,
  audit,
  error,
  ledger,
  webhook,
  secret,
  file,
  session,
  task,
  message,
  claim,
  lock,
  price,
  router,
  login,
  manifest,
  health,
  insight,
]
