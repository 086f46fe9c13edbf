/** The wildcard addresses, as URLs write them, and where a process on the same machine reaches a server bound to them. */
const loopbackOf: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' }

/** The URL at which this machine reaches a server that listens on `host`: a wildcard address is none. */
export function reachableUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  const literal = host.includes(':') ? `[${host}]` : host
  const name = URL.parse(`http://${literal}`)?.hostname ?? literal
  return `http://${loopbackOf[name] ?? name}:${port}`
}
