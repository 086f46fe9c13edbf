import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const docs = join(import.meta.dirname, '../../../../docs')

/** This repository's documents, or those in a folder, as `core embeddings ingest` writes them: the title is the words of the path. */
export async function readDocs(below = '.'): Promise<{ id: string; title: string; text: string }[]> {
  const folder = join(docs, below)
  const paths = await Array.fromAsync(glob('**/*.md', { cwd: folder }))
  return await Promise.all(
    paths.sort().map(async (id) => ({
      id,
      title: id.replace(/\.\w+$/, '').replaceAll(/[-_/]+/g, ' '),
      text: await readFile(join(folder, id), 'utf8'),
    })),
  )
}
