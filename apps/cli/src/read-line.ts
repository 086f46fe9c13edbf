/** The first line of a stream, without spaces around it; the rest is left alone. */
export async function readLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk
    if (text.includes('\n')) break
  }
  return text.split('\n')[0]?.trim() ?? ''
}
