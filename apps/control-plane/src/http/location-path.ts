/** Where the addresses of a request's answers begin. */
export interface LocationRoot {
  /** The path's project, resolved. */
  readonly project: string
  /** The path below which clients reach this server: empty, or that of its public URL. */
  readonly basePath: string
}

/** The address of what an answer says was made: the contract's path with the fields of the answer in their places. */
export function toLocationPath(
  template: string,
  { project, basePath }: LocationRoot,
  body: Readonly<Record<string, unknown>>,
): string {
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(body[name] ?? (name === 'project' ? project : undefined))),
  )
  return `${basePath}${path}`
}

/** The path of a public URL, without a slash at its end. */
export function toBasePath(publicUrl: string | undefined): string {
  return publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '')
}
