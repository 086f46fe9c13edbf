/** Where a command writes. stdout is data and nothing else; stderr is for people. */
export interface Output {
  /** Asked for with --json, or stdout is no terminal but a pipe or a file. */
  readonly isJson: boolean
  /** stderr is a terminal: a line may be redrawn. */
  readonly isLive: boolean
  /** The result of the command: JSON as the API gave it, or what `toText` makes of it for people. */
  data<Value>(value: Value, toText: (value: Value) => string, options?: DataOptions): void
  /** A text that is the same for people and programs. */
  text(text: string): void
  /** A line of information for people, on stderr; with --json there is none, so that an error is the only thing there. */
  info(line: string): void
  /** Resolves when everything written has left. @throws Error where it was lost. */
  flush(): Promise<void>
}

export interface DataOptions {
  /** Holds a key that cannot be shown again: where stdout is lost, stderr gets it. */
  readonly shownOnce?: boolean
}

export interface OutputStreams {
  stdout: OutputStream
  stderr: OutputStream
}

export interface OutputStream {
  /** `done` is called once the text is written, or with the error that lost it. */
  write(text: string, done?: (error?: Error | null) => void): unknown
  isTTY?: boolean
}

export function createOutput({ stdout, stderr }: OutputStreams, { json }: { json: boolean }): Output {
  const isJson = json || !stdout.isTTY
  return {
    isJson,
    isLive: stderr.isTTY === true && !json,
    data(value, toText, { shownOnce = false } = {}) {
      const text = `${isJson ? JSON.stringify(value, null, 2) : toText(value)}\n`
      if (!shownOnce) return stdout.write(text)
      stdout.write(text, (error) => {
        if (error) stderr.write(json ? text : `core: standard output was lost; this is shown once:\n${text}`)
      })
    },
    text: (text) => stdout.write(`${text}\n`),
    info(line) {
      if (!json) stderr.write(`${line}\n`)
    },
    flush: () => new Promise((resolve, reject) => stdout.write('', (error) => (error ? reject(error) : resolve()))),
  }
}
