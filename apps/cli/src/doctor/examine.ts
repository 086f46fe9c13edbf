import type { Config } from '@core/config'
import { reachableUrl } from '@core/config'
import { isCoreError } from '@core/foundation'
import { z } from 'zod'
import type { CommandIo } from '../io.ts'
import { localConfig } from '../local-database.ts'
import { checkDataFolder } from './check-data-folder.ts'
import { checkDatabase, databaseChecks } from './check-database.ts'
import { checkIssuer } from './check-issuer.ts'
import { checkOwnerKey } from './check-owner-key.ts'
import { checkPort, type PortState } from './check-port.ts'
import { checkProfile } from './check-profile.ts'
import { checkReady } from './check-ready.ts'
import { checkNode } from './check-runtime.ts'
import { checkSignIn } from './check-sign-in.ts'
import { type Finding, fault, ok, skipped, warning } from './finding.ts'

/** Looks at everything that can keep Core from working here. Changes nothing. */
export async function examine(io: CommandIo): Promise<Finding[]> {
  const findings: Finding[] = [checkNode(process.versions.node), checkProfile(io.env)]
  const config = readConfig(io, findings)
  if (config === undefined) {
    const checks = ['data folder', 'disk space', 'port', 'issuer', 'sign-in', 'control plane', ...databaseChecks]
    return [...findings, ...checks.map((check) => skipped(check, 'the configuration comes first'))]
  }
  const folder = config.database.driver === 'embedded' ? await checkDataFolder(config.dataDir) : []
  const { state, finding } = await checkPort(config)
  findings.push(...folder, finding, await checkIssuer(config.jwt), await checkSignIn(config))
  const unusable = folder.some(({ status }) => status === 'fault') && state !== 'control plane'
  findings.push(...(unusable ? skipDatabase('the data folder comes first') : await checkServing(io, config, state)))
  return findings
}

const skipDatabase = (why: string) => databaseChecks.map((check) => skipped(check, why))

/** A running control plane owns its embedded database, so it is asked instead of the files. */
async function checkServing(io: CommandIo, config: Config, state: PortState): Promise<Finding[]> {
  const { signal } = io
  if (state !== 'control plane') {
    const notRunning = warning('control plane', 'none runs here', 'core start')
    return [
      state === 'free' ? notRunning : skipped('control plane', 'the port comes first'),
      ...(await checkDatabase(config, signal)),
    ]
  }
  const ready = await checkReady(reachableUrl(config.http), signal)
  if (config.database.driver !== 'embedded') return [ready, ...(await checkDatabase(config, signal))]
  const database = skipped('database', 'the control plane has it open, and migrated it when it started')
  return [
    ready,
    database,
    ready.status === 'ok' ? await checkOwnerKey(io) : skipped('owner key', 'the control plane comes first'),
  ]
}

const faultList = z.array(
  z.object({ variable: z.string().optional(), path: z.string(), found: z.string(), expected: z.string() }),
)

function readConfig(io: CommandIo, findings: Finding[]): Config | undefined {
  try {
    const config = localConfig(io)
    findings.push(ok('configuration', `database ${config.database.driver}, data in ${config.dataDir}`))
    findings.push(
      ...config.warnings.map((text) => warning('configuration', text, 'docs/reference/config.md lists every setting.')),
    )
    return config
  } catch (error) {
    if (!isCoreError(error, 'E_CONFIG_INVALID')) throw error
    for (const one of faultList.parse(error.details['faults'])) {
      const setting = one.variable ?? (one.path || String(error.details['file']))
      findings.push(fault('configuration', `${setting} is ${one.found}`, `Expected: ${one.expected}.`))
    }
    return undefined
  }
}
