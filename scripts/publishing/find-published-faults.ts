import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { importsOf, packageOf } from '../imports.ts'
import { listFiles } from '../tree.ts'

/** The package.json of an installed package. */
interface InstalledManifest {
  name: string
  exports?: Record<string, Record<string, string>>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}

/** What would fail those who install the package in `folder`, as sentences; empty when nothing would. */
export function findPublishedFaults(folder: string): string[] {
  const manifest: InstalledManifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const files = [...listFiles('', folder), ...listFiles('dist', folder)]
  const { dependencies = {}, peerDependencies = {}, exports = {} } = manifest
  const needed = { ...dependencies, ...peerDependencies }
  const optional = Object.keys(manifest.peerDependenciesMeta ?? {})
  return [
    ...['README.md', 'LICENSE'].filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
    ...files.filter((file) => !isPublishable(file)).map((file) => `${file} is not for those who install it`),
    ...Object.entries(exports).flatMap(([name, targets]) =>
      Object.values(targets)
        .filter((target) => !existsSync(join(folder, target)))
        .map((target) => `the export ${name} is ${target}, which is missing`),
    ),
    ...Object.entries(needed)
      .filter(([, version]) => /^(workspace|catalog|link|file):/.test(version))
      .map(([name, version]) => `${name} has the version ${version}, which only this workspace knows`),
    ...files
      .filter((file) => /\.[jt]s$/.test(file))
      .flatMap((file) => findImportFaults(folder, file, new Set([manifest.name, ...Object.keys(needed)]))),
    ...files
      .filter((file) => file.endsWith('.js') && !file.includes('/testing/'))
      .flatMap((file) =>
        findBareImports(readFileSync(join(folder, file), 'utf8'), optional).map(
          (name) => `${file} imports ${name}, which may not be installed, outside a try`,
        ),
      ),
  ]
}

function findImportFaults(folder: string, file: string, known: ReadonlySet<string>): string[] {
  return importsOf(readFileSync(join(folder, file), 'utf8')).flatMap((specifier) => {
    const target = packageOf(specifier)
    if (target !== undefined) return known.has(target) ? [] : [`${file} imports ${specifier}, which is no dependency`]
    if (!specifier.startsWith('.')) return []
    const path = join(folder, dirname(file), specifier)
    // A declaration names its neighbours as the source did; the compiler reads a.ts as a.d.ts there.
    const found = file.endsWith('.d.ts') ? path.replace(/\.[jt]s$/, '.d.ts') : path
    return existsSync(found) ? [] : [`${file} imports ${specifier}, which is not in the package`]
  })
}

/** Bundlers fail for a library that is not installed, unless the import is in a `try`, which says that it may be missing. */
function findBareImports(text: string, optional: readonly string[]): string[] {
  const rest = text.replaceAll(/\btry \{\s*return await import\([^)]+\)/g, 'try {')
  return importsOf(rest).filter((specifier) => optional.includes(packageOf(specifier) ?? ''))
}

function isPublishable(file: string): boolean {
  return /^(package\.json|README\.md|LICENSE|dist\/.*(\.js|\.d\.ts|\.sql))$/.test(file) && !file.includes('.test.')
}
