import { cancelTask, retryTask, setTaskGroup } from './routes/operate.ts'
import { enqueueTask, getTask, getTaskStats, listTasks } from './routes/queue.ts'
import { beatTask, claimTasks, completeTask, failTask, releaseTask } from './routes/work.ts'

/** In the order of the docs. */
export const routes = [
  enqueueTask,
  listTasks,
  getTask,
  getTaskStats,
  claimTasks,
  beatTask,
  completeTask,
  failTask,
  releaseTask,
  cancelTask,
  retryTask,
  setTaskGroup,
] as const
