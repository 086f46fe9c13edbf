import { resolve } from 'node:path'
import { type DatabaseConfig, isMade, openDatabase } from '@core/database'
import { copyDatabase, requireCopySource } from '@core/database/migrate'
import { CoreError } from '@core/foundation'
import { localConfig, openLocalDatabase } from '../local-database.ts'
import type { Session } from '../session.ts'
import { copyTargetVariable } from '../target.ts'
import type { Verbs } from '../verbs.ts'

const copyTimeoutMs = 60 * 60_000

export function addDatabase({ program, session }: Verbs): void {
  const database = program.command('database').description('what Core keeps, as a whole; opens databases itself')

  database
    .command('copy')
    .description('copy everything into an empty database of any kind, then check the audit and the seal')
    .argument(
      '[to]',
      `postgres://…, a new folder for an embedded database, or - for standard input (default: ${copyTargetVariable})`,
    )
    .option('--from <place>', 'the same of the source (default: the configured database)')
    .action(async (to: string | undefined, { from }: { from?: string }) => {
      const current = session()
      const { io, output } = current
      const targetConfig = toConfig(await readTarget(to, current), io.cwd)
      const source = from === undefined ? localConfig(io).database : toConfig(from, io.cwd)
      if ([to, from].some(hasPassword)) {
        output.info(
          `the password is visible to every user of this machine: give the target as ${copyTargetVariable}, the source as CORE_DATABASE_URL`,
        )
      }
      if (source.driver === 'embedded' && !isMade(source)) {
        throw new CoreError('E_NOT_FOUND', `there is no database in ${from ?? source.dataDir}`, {
          fix: 'Name the source: --from with the folder that CORE_DATA_DIR named, such as .core, or CORE_DATABASE_URL.',
        })
      }
      await using opened = await openLocalDatabase({ database: source })
      await requireCopySource(opened, { signal: io.signal }) // what is refused makes no folder for its target
      await using target = await openDatabase(targetConfig)
      const result = await copyDatabase({
        from: opened,
        to: target,
        signal: io.signal,
        timeoutMs: copyTimeoutMs,
        onProgress: (table, rows) => rows > 0 && output.info(`${table}: ${rows}`),
      })
      output.data(result, ({ tables, rows, left, dbaSql, sealedAgain }) =>
        [
          `${rows} rows of ${tables} tables copied; the audit is clean, and ${
            sealedAgain ? 'every row is sealed again: the seal of the source was valid' : 'the seal ends as it did'
          }`,
          ...(left.length > 0 ? [`not copied, because the target has no place for it: ${left.join(', ')}`] : []),
          ...(dbaSql.length > 0 ? ['-- Left for a DBA:', ...dbaSql] : []),
        ].join('\n'),
      )
    })
}

/** Not only from the command line, which every user of the machine can read. */
async function readTarget(to: string | undefined, { io, input }: Pick<Session, 'io' | 'input'>): Promise<string> {
  const place = to === '-' ? await input.readLine('the target') : (to ?? io.env[copyTargetVariable])
  if (place) return place
  throw new CoreError('E_INVALID', 'no target is named', {
    fix: `Set ${copyTargetVariable}, name a new folder, or pass - and write the URL to standard input.`,
  })
}

function toConfig(place: string, cwd: string): DatabaseConfig {
  if (/^postgres(ql)?:\/\//.test(place)) return { driver: 'postgres', url: place, timeoutMs: copyTimeoutMs }
  // Most likely a misspelt URL, which would become a folder with a password in its name.
  if (place.includes('://')) {
    throw new CoreError('E_INVALID', 'a database is a URL that begins with postgres://, or a folder', {
      fix: 'Check the scheme of the URL.',
    })
  }
  return { driver: 'embedded', dataDir: resolve(cwd, place), timeoutMs: copyTimeoutMs }
}

function hasPassword(place: string | undefined): boolean {
  return place !== undefined && URL.canParse(place) && new URL(place).password !== ''
}
