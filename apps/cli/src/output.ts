/** Where a command writes. stdout is data and nothing else; stderr is talk. */
export interface Output {
  /** JSON asked for, or nobody watching: stdout is a pipe or a file. */
  readonly isJson: boolean
  /** Somebody watches stderr: a line may be redrawn. */
  readonly isLive: boolean
  /** The result of the command: JSON as the API gave it, or what `toText` makes of it for people. */
  data<Value>(value: Value, toText: (value: Value) => string): void
  /** A text that is the same for people and programs. */
  text(text: string): void
  talk(line: string): void
}

export interface OutputStreams {
  stdout: { write(text: string): unknown; isTTY?: boolean }
  stderr: { write(text: string): unknown; isTTY?: boolean }
}

export function createOutput({ stdout, stderr }: OutputStreams, { json }: { json: boolean }): Output {
  const isJson = json || !stdout.isTTY
  return {
    isJson,
    isLive: stderr.isTTY === true,
    data: (value, toText) => stdout.write(`${isJson ? JSON.stringify(value, null, 2) : toText(value)}\n`),
    text: (text) => stdout.write(`${text}\n`),
    talk: (line) => stderr.write(`${line}\n`),
  }
}
