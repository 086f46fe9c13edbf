import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listPublished } from './publishing/list-published.ts'
import { root } from './root.ts'
import { listPackages, readManifest } from './workspace.ts'

test.each(listPackages())('$folder has the one shape of a package', ({ folder, manifest }) => {
  const path = (file: string) => join(root, folder, file)
  expect(manifest.name).toMatch(new RegExp(`^@core/(${folder.split('/')[1]}|example-${folder.split('/')[1]})$`))
  expect(manifest).toMatchObject({ version: readManifest('').version, license: 'MIT', type: 'module' })
  expect(manifest.description?.length ?? 0, 'a description').toBeGreaterThan(10)
  expect(existsSync(path('README.md')), `${folder}/README.md`).toBe(true)
  expect(readFileSync(path('README.md'), 'utf8').split('\n')[0]).toBe(`# ${manifest.name}`)
  for (const [name, file] of Object.entries(manifest.exports ?? {})) {
    expect(existsSync(path(file)), `the export ${name} of ${folder} is ${file}`).toBe(true)
  }
})

test.each(listPackages())('$folder takes its versions from the catalog or the workspace', ({ manifest }) => {
  const { dependencies, peerDependencies, devDependencies } = manifest
  for (const [name, version] of Object.entries({ ...dependencies, ...peerDependencies, ...devDependencies })) {
    expect(version, name).toBe(name.startsWith('@core/') ? 'workspace:*' : 'catalog:')
  }
})

test.each(listPublished())('$folder is published compiled, every export, and built right before', (published) => {
  const { folder, name, manifest } = published
  const compiled = Object.entries(manifest.exports ?? {}).map(([key, file]) => {
    const stem = file.replace('./src/', './dist/').replace(/\.ts$/, '')
    return [key, { types: `${stem}.d.ts`, default: `${stem}.js` }]
  })
  const why = `publishConfig.exports of ${folder}/package.json follows its exports`
  expect(manifest.publishConfig?.exports, why).toEqual(Object.fromEntries(compiled))
  expect(manifest.files).toEqual(['dist'])
  expect(manifest.scripts?.['prepack']).toBe(`node ../../scripts/build.ts ${name}`)
})
