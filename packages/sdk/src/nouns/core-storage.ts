import type { Storage } from '@core/providers/storage'

/** Files by key, of this project: `copy` and `within` of @core/providers/storage excepted. */
export interface CoreStorage extends Pick<Storage, 'upload' | 'download' | 'head' | 'delete' | 'list'> {
  /** An address from which a file can be read without a key. */
  getSignedUrl: (
    key: string,
    options: { readonly method: 'GET'; readonly expiresSeconds: number },
    call?: Parameters<Storage['head']>[1],
  ) => ReturnType<Storage['getSignedUrl']>
}
