import { callable, coordinatorPoll, messageReceive } from '@core/api/functions'
import type { Database } from '@core/database'
import { type CallOptions, CoreError } from '@core/foundation'
import type { Delivered } from './message.ts'
import type { PolledMessages } from './messages.ts'
import { type SessionMetrics, type SessionStatus, toFigures } from './session.ts'
import {
  type ClaimedTask,
  type ClaimInput,
  readTasksPart,
  type TaskOutcome,
  type TaskReport,
  toTasksPart,
} from './tasks.ts'

/** What a process wants to know in one round trip; a part that is left out is not asked for. */
export interface PollInput {
  /** Beats are for it, and tasks are claimed for it. One that has ended takes nothing. */
  session?: string | undefined
  beat?:
    | { status?: SessionStatus | undefined; metrics?: SessionMetrics | undefined; idleMs?: number | undefined }
    | undefined
  messages?:
    | { limit?: number | undefined; visibleSeconds?: number | undefined; holder?: string | undefined }
    | undefined
  /** The reports come first: what they free can be claimed. */
  tasks?: (Omit<ClaimInput, 'session'> & { reports?: readonly TaskReport[] | undefined }) | undefined
}

export interface Polled {
  readonly messages: readonly Delivered[]
  /** What became of the reports, in their order. */
  readonly outcomes: readonly TaskOutcome[]
  readonly tasks: readonly ClaimedTask[]
}

/** Beats, receives, reports and claims in one call. @throws CoreError E_CONFLICT where the session has ended. */
export async function pollCoordinator(
  {
    database,
    project,
    messages,
  }: { database: Pick<Database, 'rpc'>; project: string | undefined; messages: Pick<PolledMessages, 'deliver'> },
  input: PollInput,
  options?: CallOptions,
): Promise<Polled> {
  const { session, beat, tasks } = input
  const answer = await callable(database, coordinatorPoll)(
    {
      session,
      beat: beat && {
        ...(beat.status === undefined ? {} : { status: beat.status }),
        metrics: toFigures(beat.metrics ?? {}),
        idle_ms: Math.floor(beat.idleMs ?? 0),
      },
      messages: input.messages && toMessagesPart(input.messages),
      tasks: tasks && toTasksPart(tasks),
      project,
    },
    options,
  )
  if (!answer.ok) {
    throw new CoreError('E_CONFLICT', `the session ${answer.session} has ended`, {
      fix: 'Open another one.',
      details: { reason: answer.code, session: answer.session },
    })
  }
  const received = messageReceive.parse({ ok: true, messages: answer.messages })
  const { outcomes, claimed } = readTasksPart(answer)
  return { messages: messages.deliver(received.messages), outcomes, tasks: claimed }
}

function toMessagesPart({ limit, visibleSeconds, holder }: NonNullable<PollInput['messages']>) {
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(visibleSeconds === undefined ? {} : { visible_s: visibleSeconds }),
    ...(holder === undefined ? {} : { holder }),
  }
}
