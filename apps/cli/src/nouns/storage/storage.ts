import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { CoreError } from '@core/foundation'
import { withKey } from '../../effect.ts'
import { type PageOptions, printNextCursor } from '../../page.ts'
import type { Session } from '../../session.ts'
import { formatFields, formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { receiveFile, sendFile } from './content.ts'

export function addStorage({ program, session }: Verbs): void {
  const storage = program.command('storage').description('files of a project: upload, download, list, delete, move')

  storage
    .command('put')
    .description('upload a file; one of that name is replaced')
    .argument('<file>', 'on this machine')
    .argument('[name]', 'in the project, such as audio/call-1.wav; else the name of the file')
    .option('--type <type>', 'its media type', 'application/octet-stream')
    .action(async (file: string, name: string | undefined, { type }: { type: string }) => {
      const current = session()
      const { target } = await current.connect()
      const path = resolve(current.io.cwd, file)
      using progress = showProgress(current, 'sent')
      const transfer = { target, signal: current.io.signal, onProgress: progress.update }
      const stored = await sendFile(path, name ?? basename(path), type, transfer)
      progress[Symbol.dispose]()
      current.output.data(stored, (answer) =>
        formatFields([
          ['file', String(answer['name'])],
          ['bytes', String(answer['size'])],
          ['sha256', String(answer['sha256'])],
        ]),
      )
    })

  storage
    .command('get')
    .description('download a file')
    .argument('<name>')
    .argument('[file]', 'where to write it; else the last part of its name, here')
    .option('--force', 'replace a file that is there')
    .action(async (name: string, file: string | undefined, { force }: { force?: boolean }) => {
      const current = session()
      const { target } = await current.connect()
      const path = resolve(current.io.cwd, file ?? basename(name))
      if (existsSync(path) && !force) {
        throw new CoreError('E_CONFLICT', `${path} is there`, { fix: 'Name another file, or pass --force.' })
      }
      using progress = showProgress(current, 'received')
      const transfer = { target, signal: current.io.signal, onProgress: progress.update }
      const { size, sha256 } = await receiveFile(name, path, transfer)
      progress[Symbol.dispose]()
      current.output.data({ name, file: path, size, sha256 }, () => `${size} bytes in ${path}`)
    })

  storage
    .command('list')
    .description('the files of the project, and what they take of its quota')
    .argument('[prefix]', 'those whose names begin so')
    .option('--limit <rows>', 'rows per page', '100')
    .option('--cursor <cursor>', 'the page after this one')
    .action(async (prefix: string | undefined, { limit, cursor }: PageOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const params = { project: target.project ?? 'current' }
      const query = { limit, ...(prefix === undefined ? {} : { prefix }), ...(cursor === undefined ? {} : { cursor }) }
      const list = await client.listFiles({ params, query })
      current.output.data(list, ({ data }) =>
        formatTable(data, [
          { title: 'NAME', cell: ({ name }) => name },
          { title: 'BYTES', cell: ({ size }) => String(size), align: 'right' },
          { title: 'TYPE', cell: ({ contentType }) => contentType },
          { title: 'UPLOADED', cell: ({ createdAt }) => createdAt },
        ]),
      )
      printNextCursor(current, list.page.next)
      if (current.output.isJson) return
      const { usedBytes, heldBytes, quotaBytes } = await client.getFileQuota({ params })
      current.output.info(`core: ${usedBytes + heldBytes} of ${quotaBytes} bytes are taken`)
    })

  storage
    .command('copy')
    .description('move the files of all projects to the present store, each checked by its sha256 (owner)')
    .action(async () => {
      const current = session()
      const { client } = await current.connectAsOwner()
      using progress = showProgress(current, 'moved')
      const total = { moved: 0, bytes: 0, missing: 0 }
      for (let after: string | null | undefined; after !== null; ) {
        const body = after === undefined ? {} : { after }
        const step = await withKey(current, {}, (call) =>
          client.moveFiles({ body }, { ...call, timeoutMs: moveTimeoutMs }),
        )
        total.moved += step.moved
        total.bytes += step.bytes
        total.missing += step.missing
        progress.update(total.bytes, undefined)
        after = step.next
      }
      progress[Symbol.dispose]()
      current.output.data(
        total,
        ({ moved, bytes, missing }) =>
          `${moved} files with ${bytes} bytes are moved${missing === 0 ? '' : `; ${missing} cannot be read: name their store in CORE_STORAGE_READ_ALSO`}`,
      )
    })

  storage
    .command('rm')
    .description('delete a file')
    .argument('<name>')
    .option('--yes', 'do not ask')
    .action(async (name: string, options: { yes?: boolean }) => {
      const current = session()
      const { client, target } = await current.connect()
      await current.confirm(`${name} will be deleted.`, options)
      const params = { project: target.project ?? 'current', name }
      current.output.data(await client.removeFile({ params }), () => `${name} is deleted`)
    })
}

interface Progress extends Disposable {
  readonly update: (done: number, total: number | undefined) => void
}

const redrawMs = 100
/** One file may take as long as an upload. */
const moveTimeoutMs = 3_600_000

/** One line on stderr that is drawn again and again; none where stderr is no terminal. */
function showProgress({ io, output }: Session, verb: string): Progress {
  let drawnAt = 0
  let isDrawn = false
  return {
    update(done, total) {
      const now = performance.now()
      if (!output.isLive || (now - drawnAt < redrawMs && done !== total)) return
      drawnAt = now
      isDrawn = true
      const share = total === undefined || total === 0 ? '' : ` of ${total} (${Math.floor((done / total) * 100)} %)`
      io.stderr.write(`\r${done}${share} bytes ${verb}\u001b[K`)
    },
    [Symbol.dispose]() {
      if (isDrawn) io.stderr.write('\r\u001b[K')
      isDrawn = false
    },
  }
}
