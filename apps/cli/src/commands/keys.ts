import type { Verbs } from '../program.ts'
import { addKeyChanges } from './keys-change.ts'
import { addKeyReading } from './keys-read.ts'
import { addKeySecrets } from './keys-secret.ts'

export function addKeys(verbs: Verbs): void {
  const keys = verbs.program
    .command('keys')
    .description("a project's API keys; with --system those of the whole system")
  addKeyReading(keys, verbs)
  addKeySecrets(keys, verbs)
  addKeyChanges(keys, verbs)
}
