declare module 'fauxqs' {
  /** S3 in memory, without a check of signatures. */
  export function startFauxqs(options: {
    readonly port: number
    readonly host: string
    readonly logger: boolean
    readonly init: { readonly buckets: readonly string[] }
  }): Promise<{ readonly port: number; stop(): Promise<void> }>
}
