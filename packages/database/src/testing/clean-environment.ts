/** Without the caller's PG* variables, which would steer initdb and the server. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries([
    ...Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('LC_')),
    ['LC_ALL', 'C'],
  ])
}
