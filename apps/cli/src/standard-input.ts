import { CoreError } from '@core/foundation'

type Readable = NodeJS.ReadableStream & { isTTY?: boolean }

/** Standard input can be read once, so it holds one thing: the key, or what a verb reads. */
export interface StandardInput {
  /** The first line, without spaces around it, for `--key-stdin`. */
  readKey(): Promise<string>
  /** Everything, for `use` such as `the operations`. @throws CoreError E_INVALID where it holds the key already. */
  readAll(use: string): Promise<string>
  /** As `readAll`, of the first line only. */
  readLine(use: string): Promise<string>
}

export function createStandardInput(stream: Readable, { holdsKey }: { holdsKey: boolean }): StandardInput {
  const claim = (use: string) => {
    if (!holdsKey) return
    throw new CoreError('E_INVALID', `standard input holds the key already, so it cannot hold ${use} as well`, {
      fix: `Set CORE_KEY instead of --key-stdin, or give ${use} as a file.`,
    })
  }
  let key: Promise<string> | undefined
  return {
    readKey() {
      key ??= readLine(stream)
      return key
    },
    async readAll(use) {
      claim(use)
      let text = ''
      for await (const chunk of stream) text += chunk
      return text
    },
    async readLine(use) {
      claim(use)
      return await readLine(stream)
    },
  }
}

async function readLine(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk
    if (text.includes('\n')) break
  }
  return text.split('\n')[0]?.trim() ?? ''
}
