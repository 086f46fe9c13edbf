// Loaded before the program of a part: ends it when the process that started it is gone, also by `kill -9`.
process.once('disconnect', () => {
  process.kill(process.pid, 'SIGTERM')
  setTimeout(() => process.exit(1), 10_000).unref()
})
process.channel?.unref()
