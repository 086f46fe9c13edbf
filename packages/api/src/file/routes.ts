import { getFile, getFileUrl, listFiles, removeFile } from './routes/file.ts'
import { getFileQuota, moveFiles, setFileQuota } from './routes/space.ts'
import { abortUpload, beginUpload, commitUpload } from './routes/upload.ts'

/** In the order of the docs. */
export const routes = [
  listFiles,
  getFile,
  removeFile,
  getFileUrl,
  beginUpload,
  commitUpload,
  abortUpload,
  getFileQuota,
  setFileQuota,
  moveFiles,
] as const
