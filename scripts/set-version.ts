// Sets the version of a release: `node scripts/set-version.ts 0.3.0` writes it into every package.json and gives the part of
// CHANGELOG.md that is not released that version and today's date.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.ts'

const [version = '', folder = root] = process.argv.slice(2)
const changelog = join(folder, 'CHANGELOG.md')

const fault = /^\d+\.\d+\.\d+(-[0-9a-z.]+)?$/.test(version) ? setVersion() : 'name a version, such as 0.3.0'
if (fault) {
  process.stderr.write(`set-version: ${fault}\n`)
  process.exitCode = 1
}

/** Answers what is wrong; nothing is written then. */
function setVersion(): string | undefined {
  const changes = readFileSync(changelog, 'utf8')
  const day = new Date().toISOString().slice(0, 10)
  const dated = changes.replace(/^## \S+ \(not released\)$/m, `## ${version} (${day})`)
  if (dated === changes) return 'CHANGELOG.md has no part that is named `## <version> (not released)`'
  const manifests = globSync(['package.json', 'bench/package.json', '{packages,apps,examples}/*/package.json'], {
    cwd: folder,
  })
  for (const name of manifests) {
    const file = join(folder, name)
    // The text is edited, not rebuilt, so that nothing else of the file changes.
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^( {2}"version": )".*"/m, `$1"${version}"`))
  }
  writeFileSync(changelog, dated)
  process.stdout.write(`${manifests.length} packages and CHANGELOG.md are of ${version}\n`)
  return undefined
}
