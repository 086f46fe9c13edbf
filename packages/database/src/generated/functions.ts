// Made by packages/database/scripts/generate.ts from the migrated catalog. Do not edit.
import type { Json, JsonInput } from '../json.ts'

/** The functions of core_api: names, arguments and answers. */
export interface CoreFunctions {
  /** The audit log of a project, or of everything: changes and the journal of the ledger, newest first, before a number. */
  audit_log: {
    args: {
      p_project?: string | null | undefined
      p_before?: number | null | undefined
      p_limit?: number | undefined
      p_filter?: JsonInput
    }
    result: Json
  }
  /** Voids every cached value of a namespace. */
  cache_clear: {
    args: {
      p_namespace: string
      p_origin?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Deletes up to 1,000 keys for every process; what was read before it may not be written back. */
  cache_delete: {
    args: {
      p_namespace: string
      p_keys: readonly string[]
      p_origin?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Makes up to 1,000 keys stale: the next caller loads, and may serve what is there meanwhile. */
  cache_expire: {
    args: {
      p_namespace: string
      p_keys: readonly string[]
      p_origin?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Cached values of up to 1,000 keys, and on request the right to load those that are not fresh. */
  cache_get_many: {
    args: {
      p_namespace: string
      p_keys: readonly string[]
      p_holder?: string | null | undefined
      p_lease_ms?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Wakes the processes that follow a project's caches. A hint: what changed is in cache_poll. */
  cache_hint: {
    args: {
      p_namespace: string
      p_origin?: string | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Voids every cached value with one of the tags. */
  cache_invalidate_tags: {
    args: {
      p_namespace: string
      p_tags: readonly string[]
      p_origin?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** The keys of a namespace with size, tags, times and writer, page by page. */
  cache_list: {
    args: {
      p_namespace: string
      p_after?: string | null | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** What other processes changed in a project's caches since a cursor. */
  cache_poll: {
    args: {
      p_cursor?: string | null | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
      p_namespaces?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** Writes up to 1,000 cached values; null among the versions for one that was refused because its key changed since it was read. */
  cache_put_many: {
    args: {
      p_namespace: string
      p_entries: JsonInput
      p_origin?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Ends the right to load a key, with a failure that is shared for a while or without. */
  cache_release: {
    args: {
      p_namespace: string
      p_key: string
      p_token: number
      p_failure?: string | null | undefined
      p_backoff_ms?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Keeps the right to load a key; renewed is false where another process has it by now. */
  cache_renew: {
    args: {
      p_namespace: string
      p_key: string
      p_token: number
      p_lease_ms: number
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Sweeps by pg_cron every minute where it is installed; idempotent. Owner only. */
  cache_schedule: {
    args: Record<never, never>
    result: Json
  }
  /** Entries and bytes that a project keeps in the shared tier, by namespace. */
  cache_stats: {
    args: {
      p_namespace?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Deletes cached values that are gone and those beyond a project's bounds, at most p_limit of each. */
  cache_sweep: {
    args: {
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Entries and bytes of the shared tier, and how far sweeps are behind. Owner only. */
  cache_totals: {
    args: Record<never, never>
    result: Json
  }
  /** The claims of a project that are alive, oldest first. */
  claim_list: {
    args: {
      p_after?: number | null | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Releases a claim under its fence. */
  claim_release: {
    args: {
      p_resource: string
      p_fence: number
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Keeps a claim under its fence; one that is over is lost. */
  claim_renew: {
    args: {
      p_resource: string
      p_fence: number
      p_ttl_s?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Deletes claims that are over. Owner only. */
  claim_sweep: {
    args: {
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Takes a claim on a resource path for a session; claim_held names the holder. */
  claim_take: {
    args: {
      p_key: string
      p_session: string
      p_resource: string
      p_mode?: string | undefined
      p_ttl_s?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Claims whose time is not over, of all projects, in figures. Owner only. */
  claim_totals: {
    args: Record<never, never>
    result: Json
  }
  /** Beats, receives messages, reports on tasks and claims the next ones in one round trip. */
  coordinator_poll: {
    args: {
      p_session?: string | null | undefined
      p_beat?: JsonInput
      p_messages?: JsonInput
      p_tasks?: JsonInput
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Which of many inboxes, queues and messages have something for who waits. Owner only. */
  coordinator_ready: {
    args: {
      p_inboxes?: readonly string[] | undefined
      p_projects?: readonly string[] | undefined
      p_queues?: readonly string[] | undefined
      p_messages?: readonly string[] | undefined
    }
    result: Json
  }
  /** Whether the inbox of a project, and which of its queues, have something for who waits. */
  coordinator_waiting: {
    args: {
      p_inbox?: boolean | undefined
      p_queues?: readonly string[] | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Changes what a credit is worth from a time on. Owner only. */
  credit_rate_set: {
    args: {
      p_nano_usd_per_credit: number
      p_markup_bp?: number | undefined
      p_from?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Kept vectors of up to 1,000 texts by their hashes. */
  embedding_cache_get_many: {
    args: {
      p_model: string
      p_dims: number
      p_hashes: readonly string[]
      p_revision?: string | undefined
      p_project?: string | null | undefined
      p_shared?: boolean | undefined
    }
    result: Json
  }
  /** Keeps vectors of up to 1,000 texts by their hashes. */
  embedding_cache_put_many: {
    args: {
      p_model: string
      p_dims: number
      p_hashes: readonly string[]
      p_vectors: readonly string[]
      p_revision?: string | undefined
      p_project?: string | null | undefined
      p_shareable?: boolean | undefined
    }
    result: Json
  }
  /** Which pieces of documents are new, changed or without a vector. */
  embedding_changed: {
    args: {
      p_space: string
      p_items: JsonInput
      p_tenant?: string | undefined
      p_source?: string | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Deletes documents of a source, at most 1,000 items. */
  embedding_delete: {
    args: {
      p_space: string
      p_documents?: readonly string[] | null | undefined
      p_tenant?: string | undefined
      p_source?: string | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** The documents of a source of a space, page by page. */
  embedding_documents: {
    args: {
      p_space: string
      p_tenant?: string | undefined
      p_source?: string | undefined
      p_after?: string | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Spaces in which something waits for a vector of a provider's model. Owner only. */
  embedding_due: {
    args: {
      p_provider: string
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Installs the extension vector where it is offered, and makes the tables of vectors. Owner only. */
  embedding_enable: {
    args: Record<never, never>
    result: Json
  }
  /** Generations without an index that is worth one, or those of a space. Owner only. */
  embedding_index_due: {
    args: {
      p_least?: number | undefined
      p_project?: string | null | undefined
      p_space?: string | null | undefined
      p_limit?: number | undefined
      p_most?: number | null | undefined
    }
    result: Json
  }
  /** Records the state of the index of a generation. Owner only. */
  embedding_index_set: {
    args: {
      p_generation: number
      p_state: string
      p_type?: string | null | undefined
    }
    result: Json
  }
  /** Begins to migrate a space to another model, or continues. Idempotent. */
  embedding_migrate_begin: {
    args: {
      p_space: string
      p_provider: string
      p_model: string
      p_dims: number
      p_revision?: string | undefined
      p_metric?: string | undefined
      p_swaps?: boolean | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Ends a migration without its effect. Idempotent. */
  embedding_migrate_cancel: {
    args: {
      p_space: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Searches the new model from now on; refused while items wait for a vector of it. */
  embedding_migrate_swap: {
    args: {
      p_space: string
      p_partial?: boolean | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Takes items that wait for a vector, with the model that is to embed them. */
  embedding_queue_claim: {
    args: {
      p_space: string
      p_limit?: number | undefined
      p_lease_s?: number | undefined
      p_generation?: number | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Brings the vectors of claimed items, or that they failed and why. */
  embedding_queue_settle: {
    args: {
      p_space: string
      p_generation: number
      p_items: readonly number[]
      p_hashes: readonly string[]
      p_vectors: readonly string[]
      p_reason?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** The part of the nearest items that a search finds, over a sample. */
  embedding_recall: {
    args: {
      p_space: string
      p_sample?: number | undefined
      p_k?: number | undefined
      p_recall?: string | undefined
      p_tenant?: string | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** The best items of a space for a vector, a text or both; as many as match, up to p_k. */
  embedding_search: {
    args: {
      p_space: string
      p_vector?: string | null | undefined
      p_text?: string | null | undefined
      p_mode?: string | undefined
      p_k?: number | undefined
      p_filter?: JsonInput
      p_tenant?: string | undefined
      p_source?: string | null | undefined
      p_recall?: string | undefined
      p_min_score?: number | null | undefined
      p_include?: readonly string[] | undefined
      p_generation?: number | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Deletes a space, its items and its vectors. */
  embedding_space_drop: {
    args: {
      p_space: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** The spaces of a project. */
  embedding_space_list: {
    args: {
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Opens a space of embeddings by one model, and makes it where it is missing. Idempotent. */
  embedding_space_open: {
    args: {
      p_space: string
      p_provider: string
      p_model: string
      p_dims: number
      p_revision?: string | undefined
      p_metric?: string | undefined
      p_language?: string | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** A space with its counts; those of what waits end at 100,000. */
  embedding_stats: {
    args: {
      p_space: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Deletes kept vectors that are not used, and tables of retired generations. Owner only. */
  embedding_sweep: {
    args: {
      p_keep?: string | undefined
      p_keep_retired?: string | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Spaces, items and what waits for a vector, of all projects. Owner only. */
  embedding_totals: {
    args: Record<never, never>
    result: Json
  }
  /** Writes up to 1,000 items of a space with their vectors; what did not change is not written. */
  embedding_upsert: {
    args: {
      p_space: string
      p_items: JsonInput
      p_vectors?: readonly string[] | null | undefined
      p_tenant?: string | undefined
      p_source?: string | undefined
      p_whole?: readonly string[] | null | undefined
      p_generation?: number | null | undefined
      p_reason?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Groups of unexpected failures, the one met last first; all projects for the owner. */
  error_list: {
    args: {
      p_project?: string | null | undefined
      p_status?: string | null | undefined
      p_after?: string | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Adds unexpected failures to their groups, at most 1,000 groups at once. Owner only. */
  error_record: {
    args: {
      p_groups: JsonInput
    }
    result: Json
  }
  /** Deletes groups of failures that were not met for an interval, at most p_limit. */
  error_trim: {
    args: {
      p_keep?: string | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Marks a group of failures as open, resolved or ignored; a resolved one that occurs again opens automatically. */
  error_update: {
    args: {
      p_id: string
      p_status: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Events after a sequence number, oldest first, with the epoch, the end and the oldest one kept. */
  event_poll: {
    args: {
      p_after: number
      p_limit?: number | undefined
      p_topics?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** Deletes numbered events older than an interval, at most p_limit. */
  event_trim: {
    args: {
      p_keep?: string | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Ends an upload that is not committed. */
  file_abort: {
    args: {
      p_upload: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Begins an upload and holds its size of the quota. */
  file_begin: {
    args: {
      p_key: string
      p_name: string
      p_size: number
      p_store: string
      p_content_type?: string | undefined
      p_ttl_s?: number | undefined
      p_project?: string | null | undefined
      p_if_absent?: boolean | undefined
    }
    result: Json
  }
  /** Makes the file of an upload, or replaces it. */
  file_commit: {
    args: {
      p_upload: string
      p_size: number
      p_etag: string
      p_sha256?: string | null | undefined
      p_project?: string | null | undefined
      p_if_absent?: boolean | undefined
    }
    result: Json
  }
  /** Files whose content is in another store. PT409 while one was moved out of this store and is not deleted there. Owner only. */
  file_elsewhere: {
    args: {
      p_store: string
      p_after?: string | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** A file and where its content is. PT404 where there is none. */
  file_get: {
    args: {
      p_name: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** The files of a project, by name. */
  file_list: {
    args: {
      p_prefix?: string | undefined
      p_after?: string | null | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Says that the content of a file was copied to another store. Owner only. */
  file_moved: {
    args: {
      p_project: string
      p_object: string
      p_name: string
      p_store: string
      p_etag: string
      p_sha256: string
    }
    result: Json
  }
  /** Sets the quota of a project's files. Owner only. */
  file_quota_set: {
    args: {
      p_project: string
      p_bytes: number
    }
    result: Json
  }
  /** Removes a file. PT404 where there is none. */
  file_remove: {
    args: {
      p_name: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** What all files take. Owner only. */
  file_stats: {
    args: Record<never, never>
    result: Json
  }
  /** Ends expired uploads and takes objects to delete from their stores. Owner only. */
  file_sweep: {
    args: {
      p_stores: readonly string[]
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Forgets objects that were deleted from their stores. Owner only. */
  file_swept: {
    args: {
      p_objects: readonly string[]
      p_stores: readonly string[]
    }
    result: Json
  }
  /** An upload that is open or committed. PT404 where there is none. */
  file_upload: {
    args: {
      p_upload: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** What the files of a project take, and its quota. */
  file_usage: {
    args: {
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Removes the override of a flag for a project or, without one, the one for all. */
  flag_clear: {
    args: {
      p_name: string
      p_project?: string | null | undefined
      p_if_match?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** The flag overrides a project sees that changed after a version; pages by that version. */
  flag_list: {
    args: {
      p_project?: string | null | undefined
      p_after_version?: number | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Overrides a declared flag for a project or, without one, for all; optionally for a share of the units. */
  flag_set: {
    args: {
      p_name: string
      p_value: JsonInput
      p_project?: string | null | undefined
      p_rollout_bp?: number | undefined
      p_if_match?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** The scores of a project over time, newest first. */
  health_history: {
    args: {
      p_period?: string | undefined
      p_before?: string | null | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Every project with its score and worst factor. Figures are null for those with whom they are not shared. */
  health_list: {
    args: {
      p_after?: string | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** The weights, targets and criticality of a project. */
  health_policy_get: {
    args: {
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Declares the weights, targets and criticality of a project. Idempotent. */
  health_policy_set: {
    args: {
      p_policy: JsonInput
      p_project?: string | null | undefined
      p_if_match?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** Samples the score of every project, once in an interval. Owner only. */
  health_sample: {
    args: {
      p_every_s?: number | undefined
      p_keep_minutes?: string | undefined
      p_keep_hours?: string | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** How many projects are in good, fair and poor health, as of the last sample. Owner only. */
  health_stats: {
    args: Record<never, never>
    result: Json
  }
  /** Adopts, rejects or reverts an insight of another project, with the effect that was measured. */
  insight_decide: {
    args: {
      p_insight: string
      p_decision: string
      p_effect_bp?: number | null | undefined
      p_note?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** An insight with its evidence and what projects decided. PT404 where there is none. */
  insight_get: {
    args: {
      p_insight: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Insights of all projects, ranked by adoption and measured effect, with what this project has decided. */
  insight_list: {
    args: {
      p_category?: string | null | undefined
      p_author?: string | null | undefined
      p_open?: boolean | undefined
      p_after?: string | null | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Removes an insight of the project. PT404 for one of another. */
  insight_remove: {
    args: {
      p_insight: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Shares what a project has learnt with every other one. Replays on p_key. */
  insight_share: {
    args: {
      p_key: string
      p_category: string
      p_title: string
      p_body?: string | undefined
      p_evidence?: JsonInput
      p_expected_bp?: number | undefined
      p_confidence_bp?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** How many insights and decisions there are, estimated. Owner only. */
  insight_stats: {
    args: Record<never, never>
    result: Json
  }
  /** Deletes insights on which no one has decided for an interval. Owner only. */
  insight_sweep: {
    args: {
      p_keep?: string | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Whether the key with this SHA-256 is good, and why not. Members see their own project's keys only. */
  key_check: {
    args: {
      p_hash: string
      p_scope?: string | null | undefined
    }
    result: Json
  }
  /** Those of these keys that are active, with their ends and how many scopes each has. Owner only. */
  key_confirm: {
    args: {
      p_ids: readonly string[]
    }
    result: Json
  }
  /** Records a new API key by its SHA-256. Replays on p_key. Grants at most what the caller has. */
  key_create: {
    args: {
      p_key: string
      p_hash: string
      p_hint: string
      p_project?: string | null | undefined
      p_name?: string | undefined
      p_caps?: readonly string[] | null | undefined
      p_expires_at?: string | null | undefined
    }
    result: Json
  }
  /** One API key by its id. Never its hash. */
  key_get: {
    args: {
      p_id: string
    }
    result: Json
  }
  /** The API keys of a project, or of the whole system, oldest first. Never their hashes. */
  key_list: {
    args: {
      p_project?: string | null | undefined
      p_after?: string | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Replaces a key by a new one with the same rights; both work during the overlap. Replays on p_key. */
  key_reroll: {
    args: {
      p_key: string
      p_id: string
      p_hash: string
      p_hint: string
      p_overlap_s?: number | undefined
    }
    result: Json
  }
  /** Disables an API key at once and for good. Idempotent. */
  key_revoke: {
    args: {
      p_id: string
    }
    result: Json
  }
  /** Remembers when API keys were last used. Owner only. */
  key_touch: {
    args: {
      p_uses: JsonInput
    }
    result: Json
  }
  /** Renames, disables, enables a key, moves its end or adds the default scopes. Idempotent; a revoked key stays as it is. */
  key_update: {
    args: {
      p_id: string
      p_name?: string | null | undefined
      p_enabled?: boolean | null | undefined
      p_expires_at?: string | null | undefined
      p_forever?: boolean | undefined
      p_if_match?: readonly string[] | null | undefined
      p_add_defaults?: boolean | undefined
    }
    result: Json
  }
  /** The key with this SHA-256 if it is active; key_unknown, key_expired, key_disabled or project_archived otherwise. Owner only. */
  key_verify: {
    args: {
      p_hash: string
    }
    result: Json
  }
  /** Opens an account with credits of its own, or one that draws on its parent's purse. Replays on p_key. */
  ledger_account_open: {
    args: {
      p_key: string
      p_account: string
      p_kind?: string | undefined
      p_parent?: string | null | undefined
      p_overdraft?: number | undefined
      p_metadata?: JsonInput
      p_funding?: string | undefined
      p_debt_limit?: number | undefined
      p_over_bp?: number | undefined
    }
    result: Json
  }
  /** Changes status, overdraft or metadata of an account; null leaves as is. Replays on p_key. */
  ledger_account_update: {
    args: {
      p_key: string
      p_account: string
      p_status?: string | null | undefined
      p_overdraft?: number | null | undefined
      p_metadata?: JsonInput
      p_if_match?: readonly string[] | null | undefined
      p_debt_limit?: number | null | undefined
      p_over_bp?: number | null | undefined
    }
    result: Json
  }
  /** Accounts with their balances, by code, after a cursor. */
  ledger_accounts: {
    args: {
      p_parent?: string | null | undefined
      p_after?: string | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Alerts after the id of one of them, in an order that a late commit does not change. */
  ledger_alerts: {
    args: {
      p_after?: number | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Recomputes every invariant of the ledger; violations are listed, at most 100. An empty list is a clean ledger. */
  ledger_audit: {
    args: {
      p_account?: string | null | undefined
    }
    result: Json
  }
  /** Settled, held and available of an account and the rest of its budgets, now or at an instant. */
  ledger_balance: {
    args: {
      p_account: string
      p_at?: string | null | undefined
    }
    result: Json
  }
  /** Up to 1,000 operations in one call, one result each, in order; with p_atomic all or nothing. */
  ledger_batch: {
    args: {
      p_ops: JsonInput
      p_atomic?: boolean | undefined
    }
    result: Json
  }
  /** ledger_batch, answered as json: for callers who read text anyway. */
  ledger_batch_json: {
    args: {
      p_ops: JsonInput
      p_atomic?: boolean | undefined
    }
    result: Json
  }
  /** Sets a cap per period on an account; p_limit null and p_period null remove it. Replays on p_key. */
  ledger_budget_set: {
    args: {
      p_key: string
      p_account: string
      p_name: string
      p_period: string | null
      p_limit: number | null
      p_tz?: string | undefined
      p_carry_cap?: number | undefined
      p_floor?: number | undefined
      p_alert_bp?: readonly number[] | undefined
      p_if_match?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** Charges a part of an open hold, which stays open. Replays on p_key. */
  ledger_capture: {
    args: {
      p_key: string
      p_hold: string
      p_amount: number
    }
    result: Json
  }
  /** Spends credits at once, within balance and budgets. Replays on p_key. */
  ledger_charge: {
    args: {
      p_key: string
      p_account: string
      p_amount: number
      p_metadata?: JsonInput
    }
    result: Json
  }
  /** Charges of an account with what was refunded of them, the latest first, before a cursor. */
  ledger_charges: {
    args: {
      p_account: string
      p_before?: number | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Expires due holds, at most p_limit, and returns how many. Safe to run from several processes. */
  ledger_expire_due: {
    args: {
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Adds credits to an open hold and renews its time in one call. Replays on p_key. */
  ledger_extend: {
    args: {
      p_key: string
      p_hold: string
      p_add?: number | undefined
      p_min?: number | null | undefined
      p_ttl_s?: number | undefined
    }
    result: Json
  }
  /** Issues new credits to an account. Replays on p_key. */
  ledger_grant: {
    args: {
      p_key: string
      p_account: string
      p_amount: number
      p_reason?: string | null | undefined
      p_metadata?: JsonInput
    }
    result: Json
  }
  /** The journal of an account, newest first, before a cursor. */
  ledger_history: {
    args: {
      p_account: string
      p_before?: number | null | undefined
      p_limit?: number | undefined
      p_filter?: JsonInput
    }
    result: Json
  }
  /** The present state of a hold; due ones show as expired. */
  ledger_hold_get: {
    args: {
      p_hold: string
    }
    result: Json
  }
  /** Holds of an account, the latest first, before a cursor. */
  ledger_holds: {
    args: {
      p_account: string
      p_status?: string | null | undefined
      p_before?: number | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Ends a lease: the unreported rest goes back at once, further reports are refused. Replays on p_key. */
  ledger_lease_close: {
    args: {
      p_key: string
      p_lease: string
    }
    result: Json
  }
  /** The present state of a lease, with the database's time. */
  ledger_lease_get: {
    args: {
      p_lease: string
    }
    result: Json
  }
  /** Sets credits aside for a device to spend offline and report later. At most a fifth of what is available, unless the purse allows otherwise. Replays on p_key. */
  ledger_lease_open: {
    args: {
      p_key: string
      p_account: string
      p_amount: number
      p_ttl_s: number
      p_device: string
    }
    result: Json
  }
  /** Charges what a device spent of its lease. Numbered from 1 without a gap; the same number with the same items replays. */
  ledger_lease_report: {
    args: {
      p_lease: string
      p_seq: number
      p_items: JsonInput
    }
    result: Json
  }
  /** Credit leases of an account, the latest first, before a cursor. */
  ledger_leases: {
    args: {
      p_account: string
      p_before?: number | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Writes the balances that have changed since the last call to the outbox, each once. */
  ledger_publish: {
    args: {
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Levels unused cap of one budget between the children of an account; sum zero. Replays on p_key. */
  ledger_rebalance: {
    args: {
      p_key: string
      p_parent: string
      p_budget: string
      p_policy?: string | undefined
      p_dry_run?: boolean | undefined
      p_until?: string | null | undefined
    }
    result: Json
  }
  /** Budgets below pools where one child is short of cap and a sibling has some to give. */
  ledger_rebalance_due: {
    args: {
      p_at_bp?: number | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Gives back a charge, capture or settle, whole or in part. Replays on p_key. */
  ledger_refund: {
    args: {
      p_key: string
      p_tx: number
      p_amount?: number | null | undefined
    }
    result: Json
  }
  /** Gives back what a hold was charged, whole or in part, the last charge first. Replays on p_key. */
  ledger_refund_hold: {
    args: {
      p_key: string
      p_hold: string
      p_amount?: number | null | undefined
    }
    result: Json
  }
  /** Refunds of an account, the latest first, before a cursor. */
  ledger_refunds: {
    args: {
      p_account: string
      p_before?: number | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Sets credits aside before work starts: all, or at least p_min, or a denial. Replays on p_key. */
  ledger_reserve: {
    args: {
      p_key: string
      p_account: string
      p_amount: number
      p_hold?: string | null | undefined
      p_min?: number | null | undefined
      p_ttl_s?: number | undefined
      p_over?: string | undefined
      p_metadata?: JsonInput
    }
    result: Json
  }
  /** Hashes final journal rows into the next block of the chain. */
  ledger_seal: {
    args: {
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Charges what was used of a hold, releases the rest, closes it; late settles still charge once. Replays on p_key. */
  ledger_settle: {
    args: {
      p_key: string
      p_hold: string
      p_amount?: number | null | undefined
      p_metadata?: JsonInput
    }
    result: Json
  }
  /** Gauges of the ledger for metrics and operators. */
  ledger_stats: {
    args: Record<never, never>
    result: Json
  }
  /** Moves credits between two accounts: exactly, or up to what is available. Replays on p_key. */
  ledger_transfer: {
    args: {
      p_key: string
      p_from: string
      p_to: string
      p_amount: number
      p_mode?: string | undefined
    }
    result: Json
  }
  /** Charges and refunds of an account per bucket of time and per account, user or metadata key; empty ones are left out. */
  ledger_usage: {
    args: {
      p_account: string
      p_from: string
      p_to: string
      p_bucket: string
      p_tz?: string | undefined
      p_children?: boolean | undefined
      p_by?: readonly string[] | undefined
      p_after?: string | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Makes sure that an end user of a project has an account with a cap per period. Replays on p_key. */
  ledger_user_ensure: {
    args: {
      p_key: string
      p_user: string
      p_limit: number
      p_period?: string | undefined
      p_tz?: string | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Checks the chain of seals against the journal; names the first bad block. */
  ledger_verify: {
    args: {
      p_from?: number | undefined
    }
    result: Json
  }
  /** Gives a hold back whole, if nothing of it is captured. Replays on p_key. */
  ledger_void: {
    args: {
      p_key: string
      p_hold: string
      p_reason?: string | null | undefined
    }
    result: Json
  }
  /** Permits of rate limits for a process to spend within p_lease_ms; takes back what it did not spend. Owner only. */
  limit_lease: {
    args: {
      p_wants: JsonInput
      p_lease_ms: number
    }
    result: Json
  }
  /** Deletes the windows of keys that were not used lately, at most p_limit. */
  limit_trim: {
    args: {
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Acquires a lock for a time, under a fence; lock_held names the holder. */
  lock_acquire: {
    args: {
      p_name: string
      p_holder: string
      p_ttl_s?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** The locks of a project that are held, by name. */
  lock_list: {
    args: {
      p_after?: string | null | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Releases a lock under its fence. */
  lock_release: {
    args: {
      p_name: string
      p_fence: number
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Keeps a lock under its fence; one that has ended is lost. */
  lock_renew: {
    args: {
      p_name: string
      p_fence: number
      p_ttl_s?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Deletes locks that ended an hour ago. Owner only. */
  lock_sweep: {
    args: {
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Locks that are held, of all projects, in figures. Owner only. */
  lock_totals: {
    args: Record<never, never>
    result: Json
  }
  /** The login of a token; login_unknown or login_expired otherwise. Owner only. */
  login_check: {
    args: {
      p_token_hash: string
    }
    result: Json
  }
  /** Ends logins: of a token, a person, or a session at the issuer. Owner only. */
  login_end: {
    args: {
      p_key: string
      p_token_hash?: string | null | undefined
      p_issuer?: string | null | undefined
      p_subject?: string | null | undefined
      p_sid?: string | null | undefined
    }
    result: Json
  }
  /** The logins of a person, newest first. Never the hashes of their tokens. Owner only. */
  login_list: {
    args: {
      p_issuer: string
      p_subject: string
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Keeps a login by the hash of its token. Replays on p_key. Owner only. */
  login_open: {
    args: {
      p_key: string
      p_token_hash: string
      p_issuer: string
      p_subject: string
      p_sid?: string | null | undefined
      p_claims?: JsonInput
      p_ttl_s?: number | undefined
      p_idle_s?: number | undefined
    }
    result: Json
  }
  /** Deletes logins that have ended. Owner only. */
  login_sweep: {
    args: {
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Every registered project in use with its status and score. Figures are null for those with whom they are not shared. */
  manifest: {
    args: {
      p_after?: string | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Projects that can take work, best first, with the reasons. */
  manifest_place: {
    args: {
      p_capabilities?: readonly string[] | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Records changes of the status of projects and emits an event for each. Owner only. */
  manifest_sweep: {
    args: {
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Lets a person in. PT409 where they are in already. Replays on p_key. */
  member_add: {
    args: {
      p_key: string
      p_project: string
      p_subject: string
      p_role: string
      p_name?: string | null | undefined
    }
    result: Json
  }
  /** A member. PT404 where there is none. */
  member_get: {
    args: {
      p_project: string
      p_subject: string
    }
    result: Json
  }
  /** The members of a project, in the order of their subjects. */
  member_list: {
    args: {
      p_project: string
      p_after?: string | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Ends a membership at once. PT404 where there is none; the last owner stays. */
  member_remove: {
    args: {
      p_project: string
      p_subject: string
    }
    result: Json
  }
  /** The roles of a person, by project. Owner only. */
  member_roles: {
    args: {
      p_subject: string
    }
    result: Json
  }
  /** Lets a person in or changes the role. Idempotent by subject. Grants at most what the caller has; the last owner stays. */
  member_set: {
    args: {
      p_project: string
      p_subject: string
      p_role: string
      p_name?: string | null | undefined
      p_if_match?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** Changes the role or the name of a member. PT404 where there is none; the last owner stays. */
  member_update: {
    args: {
      p_project: string
      p_subject: string
      p_role?: string | null | undefined
      p_name?: string | null | undefined
      p_if_match?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** Ends deliveries that the caller holds, and names those that it has lost. */
  message_ack: {
    args: {
      p_deliveries: readonly string[]
      p_fences: readonly number[]
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Holds deliveries for longer, and names those that are lost. */
  message_extend: {
    args: {
      p_deliveries: readonly string[]
      p_fences: readonly number[]
      p_visible_s?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** A message that the project sent or was sent, with its deliveries. */
  message_get: {
    args: {
      p_message: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** The messages of a project, newest first: open, acknowledged, dead or sent. */
  message_list: {
    args: {
      p_box?: string | undefined
      p_type?: string | null | undefined
      p_with?: string | null | undefined
      p_before?: string | null | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Gives a delivery back: to be tried again, as a dead letter, or without counting the attempt. */
  message_nack: {
    args: {
      p_delivery: string
      p_fence: number
      p_error?: string | null | undefined
      p_outcome?: string | undefined
      p_delay_ms?: number | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Receives the messages of the inbox that come first, each under a fence and for a time. */
  message_receive: {
    args: {
      p_limit?: number | undefined
      p_visible_s?: number | undefined
      p_holder?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** The reply to a request of the project, or why there is none yet. */
  message_reply: {
    args: {
      p_message: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Opens a dead letter of the project again. */
  message_retry: {
    args: {
      p_delivery: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Sends a message to a project, to the subscribers of a topic, or to every other project. Replays on p_key. */
  message_send: {
    args: {
      p_key: string
      p_type: string
      p_to?: string | null | undefined
      p_payload?: JsonInput
      p_priority?: string | undefined
      p_ttl_s?: number | undefined
      p_reply_to?: string | null | undefined
      p_ordered?: boolean | undefined
      p_await?: boolean | undefined
      p_max_attempts?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** How much is in the inbox of a project. */
  message_stats: {
    args: {
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Takes deliveries from dead processes, ends what has expired, and forgets what ended before an interval. Owner only. */
  message_sweep: {
    args: {
      p_keep?: string | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** All inboxes in figures, as of the last counts. Owner only. */
  message_totals: {
    args: Record<never, never>
    result: Json
  }
  /** The cards after a version, and what a credit is worth. */
  price_book: {
    args: {
      p_after_version?: number | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Takes over new and changed cards of a source, or says what would change. Owner only. */
  price_import: {
    args: {
      p_source: string
      p_cards: JsonInput
      p_dry_run?: boolean | undefined
    }
    result: Json
  }
  /** The prices that apply at a time, by provider and model. */
  price_list: {
    args: {
      p_provider?: string | null | undefined
      p_model?: string | null | undefined
      p_at?: string | null | undefined
      p_after?: string | null | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** What usage of a model costs, in whole micro-credits rounded up once. PT404 without a price. */
  price_quote: {
    args: {
      p_provider: string
      p_model: string
      p_usage: JsonInput
      p_at?: string | null | undefined
      p_project?: string | null | undefined
      p_tier?: string | null | undefined
      p_unknown?: string | undefined
    }
    result: Json
  }
  /** Overrides the rates of a model from a time on. Owner only. */
  price_set: {
    args: {
      p_provider: string
      p_model: string
      p_rates: JsonInput
      p_from?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Archives a project: its keys are refused and its spending denied; everything it has stays. Owner only. Idempotent. */
  project_archive: {
    args: {
      p_name: string
    }
    result: Json
  }
  /** Registers a sibling project. PT409 where there is one of that name. Replays on p_key. */
  project_create: {
    args: {
      p_key: string
      p_name: string
      p_version?: string | null | undefined
      p_capabilities?: JsonInput
      p_endpoints?: JsonInput
      p_metadata?: JsonInput
    }
    result: Json
  }
  /** A registered project. PT404 where there is none. */
  project_get: {
    args: {
      p_name: string
    }
    result: Json
  }
  /** The registered projects; a member sees only its own. */
  project_list: {
    args: Record<never, never>
    result: Json
  }
  /** Registers a sibling project, or updates what it says of itself, and makes its own schema. Idempotent by name. */
  project_register: {
    args: {
      p_name: string
      p_version?: string | null | undefined
      p_capabilities?: JsonInput
      p_endpoints?: JsonInput
      p_metadata?: JsonInput
      p_if_match?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** Restores an archived project: keys and accounts are as they were. Owner only. Idempotent. */
  project_restore: {
    args: {
      p_name: string
    }
    result: Json
  }
  /** Changes what a registered project says of itself. PT404 where there is none. */
  project_update: {
    args: {
      p_name: string
      p_version?: string | null | undefined
      p_capabilities?: JsonInput
      p_endpoints?: JsonInput
      p_metadata?: JsonInput
      p_if_match?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** The providers that a project may use. */
  provider_list: {
    args: {
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Removes a provider of models. */
  provider_remove: {
    args: {
      p_name: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Sets a provider of models, of a project or for all. */
  provider_set: {
    args: {
      p_name: string
      p_kind: string
      p_base_url?: string | null | undefined
      p_secret?: string | null | undefined
      p_settings?: JsonInput
      p_project?: string | null | undefined
      p_if_match?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** Continues the transaction numbers after the data was copied to another cluster. Idempotent. Owner only. */
  restore_finish: {
    args: Record<never, never>
    result: Json
  }
  /** Whether restore_finish has to run, because the data was copied from another cluster. Owner only. */
  restore_status: {
    args: Record<never, never>
    result: Json
  }
  /** The routes that a project may use. */
  route_list: {
    args: {
      p_project?: string | null | undefined
      p_after?: string | null | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Removes a route. */
  route_remove: {
    args: {
      p_name: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Sets a route: a public name of a model and the targets that serve it. */
  route_set: {
    args: {
      p_name: string
      p_targets: JsonInput
      p_policy?: JsonInput
      p_project?: string | null | undefined
      p_if_match?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** The sealed answer that was kept under a key. */
  router_answer: {
    args: {
      p_project: string
      p_key_hash: string
    }
    result: Json
  }
  /** Keeps the sealed answer of a model call. */
  router_answer_put: {
    args: {
      p_project: string
      p_key_hash: string
      p_request_hash: string
      p_sealed: string
    }
    result: Json
  }
  /** Model calls of a project, newest first. */
  router_calls: {
    args: {
      p_before?: number | null | undefined
      p_limit?: number | undefined
      p_filter?: JsonInput
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Writes the rows of model calls that have ended. */
  router_calls_put: {
    args: {
      p_calls: JsonInput
    }
    result: Json
  }
  /** The sealed content of a model call. */
  router_content: {
    args: {
      p_call: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Writes the sealed contents of model calls. */
  router_contents_put: {
    args: {
      p_contents: JsonInput
    }
    result: Json
  }
  /** Cools a target for every process that routes. */
  router_cool: {
    args: {
      p_target: string
      p_ms: number
      p_reason: string
    }
    result: Json
  }
  /** Charges model calls whose process died, once: the price of their input, or nothing. */
  router_recover: {
    args: {
      p_limit?: number | undefined
      p_after_s?: number | undefined
      p_crash?: string | undefined
    }
    result: Json
  }
  /** Who answered a response, and its sealed content. */
  router_response: {
    args: {
      p_project: string
      p_id_hash: string
    }
    result: Json
  }
  /** Notes who answered a response, and its sealed content where that provider keeps none. */
  router_response_put: {
    args: {
      p_project: string
      p_id_hash: string
      p_provider: string
      p_model: string
      p_tokens: number
      p_provider_project?: string | null | undefined
      p_sealed?: string | null | undefined
    }
    result: Json
  }
  /** Forgets a response. */
  router_response_remove: {
    args: {
      p_project: string
      p_id_hash: string
    }
    result: Json
  }
  /** Providers, routes and what is cooling, for the process that routes. */
  router_snapshot: {
    args: {
      p_version?: number | undefined
    }
    result: Json
  }
  /** Removes rows of model calls and responses older than some days, kept answers older than 24 hours, and contents older than 7 days. */
  router_sweep: {
    args: {
      p_limit?: number | undefined
      p_days?: number | undefined
    }
    result: Json
  }
  /** The secrets of a project, or of the installation, by name; no values. */
  secret_list: {
    args: {
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Keeps a sealed secret of a project, or of the installation. Idempotent. */
  secret_put: {
    args: {
      p_name: string
      p_sealed: string
      p_version: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Removes a secret. PT404 where there is none. */
  secret_remove: {
    args: {
      p_name: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Keeps a secret under another key. Owner only. */
  secret_rewrap: {
    args: {
      p_name: string
      p_version: string
      p_sealed: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** A secret as it is sealed. Owner only. */
  secret_sealed: {
    args: {
      p_name: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Secrets that another key sealed. Owner only. */
  secret_stale: {
    args: {
      p_key_id: string
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Keeps a session alive and takes its status and figures; p_status null keeps it. A session that has ended stays ended. */
  session_beat: {
    args: {
      p_session: string
      p_status?: string | null | undefined
      p_metrics?: JsonInput
      p_idle_ms?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Keeps many sessions alive at once; a beat that is not answered goes alone. Owner only. */
  session_beats: {
    args: {
      p_beats: JsonInput
    }
    result: Json
  }
  /** Ends a session; closed is false where it had ended before. */
  session_close: {
    args: {
      p_session: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** The live sessions of a project, oldest first. */
  session_list: {
    args: {
      p_after?: string | null | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Opens the session of a running process. The same process cannot have two at a time. */
  session_open: {
    args: {
      p_key: string
      p_fingerprint: string
      p_kind?: string | undefined
      p_name?: string | null | undefined
      p_version?: string | null | undefined
      p_status?: string | undefined
      p_ttl_s?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Deletes sessions that ended an hour ago. Owner only. */
  session_sweep: {
    args: {
      p_limit?: number | undefined
    }
    result: Json
  }
  /** The live sessions of all projects in figures. Owner only. */
  session_totals: {
    args: Record<never, never>
    result: Json
  }
  /** The shares that a project gives, or those it receives; pages by their order of creation. */
  share_list: {
    args: {
      p_project?: string | null | undefined
      p_received?: boolean | undefined
      p_after?: number | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Ends a share at once. PT404 where there is none. */
  share_remove: {
    args: {
      p_kind: string
      p_name: string
      p_grantee: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Lets another project, or every one, use a thing of a project. Idempotent. */
  share_set: {
    args: {
      p_kind: string
      p_name: string
      p_grantee: string
      p_rights: readonly string[]
      p_project?: string | null | undefined
      p_if_match?: readonly string[] | null | undefined
    }
    result: Json
  }
  /** The version of the server and of every migration it has applied. Owner only. */
  system_info: {
    args: Record<never, never>
    result: Json
  }
  /** Renews claims of tasks and names those that are lost. */
  task_beat: {
    args: {
      p_tasks: readonly string[]
      p_fences: readonly number[]
      p_lease_s?: number | undefined
      p_progress?: JsonInput
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Cancels an open task; what needs it is blocked. */
  task_cancel: {
    args: {
      p_task: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Claims tasks that are ready for a worker, each under a fence and for a time. */
  task_claim: {
    args: {
      p_queues: readonly string[]
      p_worker: string
      p_limit?: number | undefined
      p_lease_s?: number | undefined
      p_session?: string | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Ends a claimed task as done, with its result. task_stale where the claim is over. */
  task_complete: {
    args: {
      p_task: string
      p_fence: number
      p_result?: JsonInput
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Enqueues up to 1,000 tasks of a queue; each replays on its key. */
  task_enqueue: {
    args: {
      p_queue: string
      p_tasks: JsonInput
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Gives a claimed task back as failed: again after its back-off (p_delay_ms null) or a delay, dead when no attempt is left. */
  task_fail: {
    args: {
      p_task: string
      p_fence: number
      p_error: string
      p_retry?: boolean | undefined
      p_delay_ms?: number | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** A task with its state, error and result. PT404 where there is none. */
  task_get: {
    args: {
      p_task: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Sets how many tasks of a group may run at a time. */
  task_group_set: {
    args: {
      p_queue: string
      p_group: string
      p_concurrency: number
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Tasks of a project, newest first: the open ones, or those of one status. */
  task_list: {
    args: {
      p_queue?: string | null | undefined
      p_status?: string | null | undefined
      p_before?: string | null | undefined
      p_limit?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Gives a claimed task back at once; the attempt is not counted. */
  task_release: {
    args: {
      p_task: string
      p_fence: number
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Opens a dead or cancelled task again and releases what it had blocked. */
  task_retry: {
    args: {
      p_task: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Reports what became of claimed tasks; what is stale changes nothing. */
  task_settle: {
    args: {
      p_items: JsonInput
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Open and dead tasks of a project by queue. */
  task_stats: {
    args: {
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Takes tasks from dead workers, counts what is open, and deletes what ended before an interval. Owner only. */
  task_sweep: {
    args: {
      p_keep?: string | undefined
      p_limit?: number | undefined
    }
    result: Json
  }
  /** All queues in figures, as of the last counts. Owner only. */
  task_totals: {
    args: Record<never, never>
    result: Json
  }
  /** The topics to which a project is subscribed. */
  topic_list: {
    args: {
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Subscribes a project to a topic of its own, or one that is shared with it. */
  topic_subscribe: {
    args: {
      p_topic: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Ends the subscription of a project to a topic. */
  topic_unsubscribe: {
    args: {
      p_topic: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Claims topics of webhooks with events due, with what to send and the secrets to sign it. Owner only. */
  webhook_claim: {
    args: {
      p_limit?: number | undefined
      p_lease_s?: number | undefined
      p_per_project?: number | undefined
    }
    result: Json
  }
  /** The webhooks of a project, by name, with how far each topic has been delivered. */
  webhook_list: {
    args: {
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Creates a webhook of a project or changes it to what is given. Idempotent. */
  webhook_put: {
    args: {
      p_name: string
      p_url: string
      p_topics: readonly string[]
      p_secret: string
      p_enabled?: boolean | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Removes a webhook. */
  webhook_remove: {
    args: {
      p_name: string
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Sends the events after a sequence number again, and enables the webhook. */
  webhook_replay: {
    args: {
      p_key: string
      p_name: string
      p_after: number
      p_topics?: readonly string[] | null | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Records how the deliveries of a claimed topic ended. Owner only. */
  webhook_report: {
    args: {
      p_webhook: string
      p_topic: string
      p_lease: string
      p_through: number
      p_delivered: number
      p_status?: number | null | undefined
      p_error?: string | null | undefined
      p_retry_after_s?: number | null | undefined
    }
    result: Json
  }
  /** Keeps a secret of a webhook under another key. Owner only. */
  webhook_rewrap: {
    args: {
      p_webhook: string
      p_from: string
      p_to: string
    }
    result: Json
  }
  /** Replaces the secret of a webhook; both sign until the overlap ends. Replays on p_key. */
  webhook_rotate: {
    args: {
      p_key: string
      p_name: string
      p_secret: string
      p_overlap_s?: number | undefined
      p_project?: string | null | undefined
    }
    result: Json
  }
  /** Secrets of webhooks that another key sealed. Owner only. */
  webhook_stale: {
    args: {
      p_key_id: string
      p_limit?: number | undefined
    }
    result: Json
  }
  /** Where a webhook sends to and what signs it. Owner only. */
  webhook_target: {
    args: {
      p_name: string
      p_project: string
    }
    result: Json
  }
}
