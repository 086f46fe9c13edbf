export { attachment } from './attachment.ts'
export { createStorage, type StorageDependencies } from './create-storage.ts'
export type { PartWriter, PutOptions, StorageDriver } from './driver.ts'
export { type DiskSettings, openDiskDriver } from './drivers/disk.ts'
export { type FilesLike, fromFiles } from './drivers/files-like.ts'
export { createMemoryDriver, type MemorySettings } from './drivers/memory.ts'
export {
  configuredStores,
  type OpenStorageDependencies,
  openStorage,
  openStores,
  type StorageConfig,
} from './open-storage.ts'
export type {
  ByteRange,
  DownloadedFile,
  FilePage,
  SignedUrl,
  SignedUrlOptions,
  Storage,
  StorageSource,
  StoredFile,
  UploadedFile,
  UploadOptions,
} from './storage.ts'
export { requireKey } from './storage-key.ts'
export { createUrlSigner, type TokenSealer, type UrlGrant, type UrlSigner, type UrlSignerOptions } from './url-token.ts'
