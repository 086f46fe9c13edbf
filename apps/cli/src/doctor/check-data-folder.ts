import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Finding, fault, ok, warning } from './finding.ts'

/** What is asked of the file system, so that a full disk can be pretended. */
export interface DiskProbe {
  canWrite(folder: string): Promise<boolean>
  freeBytes(folder: string): Promise<number>
}

const leastFreeBytes = 200 * 1024 * 1024

const disk: DiskProbe = {
  canWrite: (folder) =>
    access(folder, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    ),
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  },
}

/** Whether the folder of the embedded database, or the one it will be made in, can be written and has room. */
export async function checkDataFolder(dataDir: string, probe: DiskProbe = disk): Promise<Finding[]> {
  const folder = await nearestExisting(dataDir)
  if (!(await stat(folder)).isDirectory()) {
    return [fault('data folder', `${folder} is a file`, 'Move it away, or choose another CORE_DATA_DIR.')]
  }
  if (!(await probe.canWrite(folder))) {
    const fix = 'Give this user the folder, or choose another CORE_DATA_DIR.'
    return [fault('data folder', `${folder} cannot be written by this user`, fix)]
  }
  const found = folder === dataDir ? dataDir : `${dataDir} will be made by the first start`
  const freeBytes = await probe.freeBytes(folder)
  const free = `${Math.floor(freeBytes / 1024 / 1024)} MB free`
  return [
    ok('data folder', found),
    freeBytes >= leastFreeBytes
      ? ok('disk space', free)
      : warning('disk space', `only ${free} at ${folder}`, 'Make room: a full database refuses every reserve.'),
  ]
}

async function nearestExisting(path: string): Promise<string> {
  try {
    await stat(path)
    return path
  } catch {
    return nearestExisting(dirname(path))
  }
}
