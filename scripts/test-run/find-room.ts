import { readFileSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** A folder in memory, on Linux. */
const memory = '/dev/shm'
/** What must be free there, and in memory besides: a whole run takes a part of it. */
const plentyBytes = 6 * 2 ** 30

/**
 * Where a run keeps its temporary files. In memory where there is plenty of it: a run makes and removes hundreds of
 * databases of 400 files each, and each takes a tenth of the CPU that it takes on a disk. A TMPDIR that is set is kept.
 */
export function findRoom(): string {
  return process.env['TMPDIR'] === undefined && isRoomy() ? memory : tmpdir()
}

function isRoomy(): boolean {
  try {
    const [, , , options = ''] = mountOf(memory)
    if (options.split(',').includes('noexec')) return false // tests run programs from there
    const { bavail, bsize } = statfsSync(memory)
    return Math.min(bavail * bsize, process.availableMemory()) > plentyBytes
  } catch {
    return false // no Linux
  }
}

/** Device, folder, type, options. */
function mountOf(folder: string): string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  const fields = mounts.map((line) => line.split(' ')).findLast(([, at]) => at === folder)
  if (fields?.[2] !== 'tmpfs') throw new Error(`${folder} is not in memory`)
  return fields
}
