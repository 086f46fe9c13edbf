/** Where an answer goes. What is written after the reader has left is dropped. */
export interface Sink {
  /** The head of a stream is out. */
  readonly hasBegun: boolean
  /** Sends the head of a stream; only the first call counts. */
  begin(headers: Readonly<Record<string, string>>): void
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array | string): Promise<void> | undefined
  end(): void
  /** An answer that is not streamed. Nothing where a stream has begun. */
  send(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array | string): void
  /** Aborts when the reader has left, or has read nothing for too long. */
  readonly gone: AbortSignal
}
