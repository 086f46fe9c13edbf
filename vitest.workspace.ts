import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

/** One project per package, app and script folder, so that each runs alone with `--project <name>`. */
const folders = ['packages', 'apps', 'examples'].flatMap((group) => {
  try {
    return readdirSync(group).map((name) => ({ name, root: `${group}/${name}` }))
  } catch {
    return []
  }
})

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [...folders, { name: 'supabase', root: 'supabase' }, { name: 'scripts', root: 'scripts' }]
      .filter(({ root }) => existsSync(root))
      .map(({ name, root }) => ({
        extends: true as const,
        root,
        test: { name, include: ['**/*.test.ts'], exclude: ['**/node_modules/**', '**/*.soak.test.ts'] },
      })),
  },
})
