import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Finding, fault, ok, warning } from './finding.ts'

const leastFreeBytes = 200 * 1024 * 1024

/** Whether the folder of the embedded database, or the one it will be made in, can be written and has room. */
export async function checkDataFolder(dataDir: string): Promise<Finding[]> {
  const folder = await nearestExisting(dataDir)
  const missing = folder !== dataDir
  if (!(await stat(folder)).isDirectory()) {
    return [fault('data folder', `${folder} is a file`, 'Move it away, or choose another CORE_DATA_DIR.')]
  }
  try {
    await access(folder, constants.W_OK | constants.X_OK)
  } catch {
    return [
      fault(
        'data folder',
        `${folder} cannot be written by this user`,
        'Give this user the folder, or choose another CORE_DATA_DIR.',
      ),
    ]
  }
  return [ok('data folder', missing ? `${dataDir} will be made by the first start` : dataDir), await checkSpace(folder)]
}

async function checkSpace(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder)
  const freeBytes = bavail * bsize
  const free = `${Math.floor(freeBytes / 1024 / 1024)} MB free`
  if (freeBytes >= leastFreeBytes) return ok('disk space', free)
  return warning(
    'disk space',
    `only ${free} at ${folder}`,
    'Make room: a database that cannot write refuses every reserve.',
  )
}

async function nearestExisting(path: string): Promise<string> {
  try {
    await stat(path)
    return path
  } catch {
    return nearestExisting(dirname(path))
  }
}
