import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from './root.ts'

export interface ToyWorkspace extends Disposable {
  readonly folder: string
  write(path: string, content: string | object): void
}

/**
 * A workspace of its own with this repository's bootstrap and root scripts: two packages, where `@toy/app` needs
 * `@toy/shipped` to run and `@toy/development` for its tests. pnpm installs it without a network.
 */
export function createToyWorkspace(mainSource: string): ToyWorkspace {
  const folder = mkdtempSync(join(tmpdir(), 'core-toy-'))
  const write = (path: string, content: string | object) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content))
  }
  for (const file of ['bootstrap.mjs', 'exec.cmd', '.npmrc']) cpSync(join(root, file), join(folder, file))
  write('package.json', {
    name: 'toy',
    private: true,
    type: 'module',
    scripts: { start: 'exec node bootstrap.mjs start' },
  })
  write('pnpm-workspace.yaml', 'packages:\n  - packages/*\n  - apps/*\n')
  for (const name of ['shipped', 'development']) {
    write(`packages/${name}/package.json`, { name: `@toy/${name}`, version: '1.0.0' })
  }
  write('apps/cli/package.json', {
    name: '@toy/app',
    version: '1.0.0',
    type: 'module',
    dependencies: { '@toy/shipped': 'workspace:*' },
    devDependencies: { '@toy/development': 'workspace:*' },
  })
  write('apps/cli/src/main.ts', mainSource)
  write('scripts/test.ts', `console.log('tests ran')`)
  write('pnpm-lock.yaml', lockfile)
  return { folder, write, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

const lockfile = `lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false

importers:

  .: {}

  apps/cli:
    dependencies:
      '@toy/shipped':
        specifier: workspace:*
        version: link:../../packages/shipped
    devDependencies:
      '@toy/development':
        specifier: workspace:*
        version: link:../../packages/development

  packages/development: {}

  packages/shipped: {}
`
