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
  let path = basePath
  for (const [at, part] of partsOf(template).entries()) {
    // Every other part is the name of a field.
    const isName = at % 2 === 1
    path += isName ? encodeURIComponent(String(body[part] ?? (part === 'project' ? project : undefined))) : part
  }
  return path
}

const known = new Map<string, readonly string[]>()

/** Of a template of the contract, of which there are a few. */
function partsOf(template: string): readonly string[] {
  const found = known.get(template)
  if (found !== undefined) return found
  const parts = template.split(/\{(\w+)\}/)
  known.set(template, parts)
  return parts
}

/** The path of a public URL, without a slash at its end. */
export function toBasePath(publicUrl: string | undefined): string {
  return publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '')
}
