import type { Verbs } from '../../verbs.ts'
import { addKeyChanges } from './change.ts'
import { addMintJwt } from './mint-jwt.ts'
import { addKeyReading } from './read.ts'
import { addKeySecrets } from './secret.ts'

export function addKeys(verbs: Verbs): void {
  const keys = verbs.program
    .command('keys')
    .description("a project's API keys; with --system those of the whole system")
  addKeyReading(keys, verbs)
  addKeySecrets(keys, verbs)
  addKeyChanges(keys, verbs)
  addMintJwt(keys, verbs)
}
