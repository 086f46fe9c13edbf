// Made by packages/database/scripts/generate.ts from the migrated catalog. Do not edit.
import type { CoreSignature } from '../function-signature.ts'

/** What this version of Core expects of core_api. */
export const coreSignatures: readonly CoreSignature[] = [
  {
    name: 'audit_log',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: false },
      { name: 'p_before', type: 'bigint', required: false },
      { name: 'p_limit', type: 'integer', required: false },
      { name: 'p_filter', type: 'jsonb', required: false },
    ],
  },
  {
    name: 'event_poll',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_after', type: 'bigint', required: true },
      { name: 'p_limit', type: 'integer', required: false },
      { name: 'p_topics', type: 'text[]', required: false },
    ],
  },
  {
    name: 'event_trim',
    returnsNothing: false,
    isForMembers: false,
    args: [
      { name: 'p_keep', type: 'interval', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'flag_clear',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_name', type: 'text', required: true },
      { name: 'p_project', type: 'text', required: false },
      { name: 'p_if_match', type: 'text[]', required: false },
    ],
  },
  {
    name: 'flag_list',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: false },
      { name: 'p_after_version', type: 'bigint', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'flag_set',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_name', type: 'text', required: true },
      { name: 'p_value', type: 'jsonb', required: true },
      { name: 'p_project', type: 'text', required: false },
      { name: 'p_rollout_bp', type: 'integer', required: false },
      { name: 'p_if_match', type: 'text[]', required: false },
    ],
  },
  {
    name: 'key_check',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_hash', type: 'text', required: true },
      { name: 'p_scope', type: 'text', required: false },
    ],
  },
  {
    name: 'key_create',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_hash', type: 'text', required: true },
      { name: 'p_hint', type: 'text', required: true },
      { name: 'p_project', type: 'text', required: false },
      { name: 'p_name', type: 'text', required: false },
      { name: 'p_caps', type: 'text[]', required: false },
      { name: 'p_expires_at', type: 'timestamp with time zone', required: false },
    ],
  },
  {
    name: 'key_list',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: false },
      { name: 'p_after', type: 'uuid', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'key_reroll',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_id', type: 'uuid', required: true },
      { name: 'p_hash', type: 'text', required: true },
      { name: 'p_hint', type: 'text', required: true },
      { name: 'p_overlap_s', type: 'integer', required: false },
    ],
  },
  {
    name: 'key_revoke',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_id', type: 'uuid', required: true },
    ],
  },
  {
    name: 'key_update',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_id', type: 'uuid', required: true },
      { name: 'p_name', type: 'text', required: false },
      { name: 'p_enabled', type: 'boolean', required: false },
      { name: 'p_expires_at', type: 'timestamp with time zone', required: false },
      { name: 'p_forever', type: 'boolean', required: false },
      { name: 'p_if_match', type: 'text[]', required: false },
    ],
  },
  {
    name: 'key_verify',
    returnsNothing: false,
    isForMembers: false,
    args: [
      { name: 'p_hash', type: 'text', required: true },
    ],
  },
  {
    name: 'ledger_account_open',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_account', type: 'text', required: true },
      { name: 'p_kind', type: 'text', required: false },
      { name: 'p_parent', type: 'text', required: false },
      { name: 'p_overdraft', type: 'bigint', required: false },
      { name: 'p_metadata', type: 'jsonb', required: false },
      { name: 'p_funding', type: 'text', required: false },
    ],
  },
  {
    name: 'ledger_account_update',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_account', type: 'text', required: true },
      { name: 'p_status', type: 'text', required: false },
      { name: 'p_overdraft', type: 'bigint', required: false },
      { name: 'p_metadata', type: 'jsonb', required: false },
      { name: 'p_if_match', type: 'text[]', required: false },
    ],
  },
  {
    name: 'ledger_accounts',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_parent', type: 'text', required: false },
      { name: 'p_after', type: 'text', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_alerts',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_after', type: 'bigint', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_audit',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_account', type: 'text', required: false },
    ],
  },
  {
    name: 'ledger_balance',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_account', type: 'text', required: true },
      { name: 'p_at', type: 'timestamp with time zone', required: false },
    ],
  },
  {
    name: 'ledger_batch',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_ops', type: 'jsonb', required: true },
      { name: 'p_atomic', type: 'boolean', required: false },
    ],
  },
  {
    name: 'ledger_budget_set',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_account', type: 'text', required: true },
      { name: 'p_name', type: 'text', required: true },
      { name: 'p_period', type: 'text', required: true },
      { name: 'p_limit', type: 'bigint', required: true },
      { name: 'p_tz', type: 'text', required: false },
      { name: 'p_carry_cap', type: 'bigint', required: false },
      { name: 'p_floor', type: 'bigint', required: false },
      { name: 'p_alert_bp', type: 'integer[]', required: false },
      { name: 'p_if_match', type: 'text[]', required: false },
    ],
  },
  {
    name: 'ledger_capture',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_hold', type: 'uuid', required: true },
      { name: 'p_amount', type: 'bigint', required: true },
    ],
  },
  {
    name: 'ledger_charge',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_account', type: 'text', required: true },
      { name: 'p_amount', type: 'bigint', required: true },
      { name: 'p_metadata', type: 'jsonb', required: false },
    ],
  },
  {
    name: 'ledger_expire_due',
    returnsNothing: false,
    isForMembers: false,
    args: [
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_extend',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_hold', type: 'uuid', required: true },
      { name: 'p_add', type: 'bigint', required: false },
      { name: 'p_min', type: 'bigint', required: false },
      { name: 'p_ttl_s', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_grant',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_account', type: 'text', required: true },
      { name: 'p_amount', type: 'bigint', required: true },
      { name: 'p_reason', type: 'text', required: false },
      { name: 'p_metadata', type: 'jsonb', required: false },
    ],
  },
  {
    name: 'ledger_history',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_account', type: 'text', required: true },
      { name: 'p_before', type: 'bigint', required: false },
      { name: 'p_limit', type: 'integer', required: false },
      { name: 'p_filter', type: 'jsonb', required: false },
    ],
  },
  {
    name: 'ledger_hold_get',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_hold', type: 'uuid', required: true },
    ],
  },
  {
    name: 'ledger_lease_close',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_lease', type: 'uuid', required: true },
    ],
  },
  {
    name: 'ledger_lease_get',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_lease', type: 'uuid', required: true },
    ],
  },
  {
    name: 'ledger_lease_open',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_account', type: 'text', required: true },
      { name: 'p_amount', type: 'bigint', required: true },
      { name: 'p_ttl_s', type: 'integer', required: true },
      { name: 'p_device', type: 'text', required: true },
    ],
  },
  {
    name: 'ledger_lease_report',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_lease', type: 'uuid', required: true },
      { name: 'p_seq', type: 'integer', required: true },
      { name: 'p_items', type: 'jsonb', required: true },
    ],
  },
  {
    name: 'ledger_publish',
    returnsNothing: false,
    isForMembers: false,
    args: [
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_rebalance',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_parent', type: 'text', required: true },
      { name: 'p_budget', type: 'text', required: true },
      { name: 'p_policy', type: 'text', required: false },
      { name: 'p_dry_run', type: 'boolean', required: false },
    ],
  },
  {
    name: 'ledger_rebalance_due',
    returnsNothing: false,
    isForMembers: false,
    args: [
      { name: 'p_at_bp', type: 'integer', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_refund',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_tx', type: 'bigint', required: true },
      { name: 'p_amount', type: 'bigint', required: false },
    ],
  },
  {
    name: 'ledger_reserve',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_account', type: 'text', required: true },
      { name: 'p_amount', type: 'bigint', required: true },
      { name: 'p_hold', type: 'uuid', required: false },
      { name: 'p_min', type: 'bigint', required: false },
      { name: 'p_ttl_s', type: 'integer', required: false },
      { name: 'p_over', type: 'text', required: false },
      { name: 'p_metadata', type: 'jsonb', required: false },
    ],
  },
  {
    name: 'ledger_seal',
    returnsNothing: false,
    isForMembers: false,
    args: [
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_settle',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_hold', type: 'uuid', required: true },
      { name: 'p_amount', type: 'bigint', required: false },
      { name: 'p_metadata', type: 'jsonb', required: false },
    ],
  },
  {
    name: 'ledger_stats',
    returnsNothing: false,
    isForMembers: false,
    args: [],
  },
  {
    name: 'ledger_transfer',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_from', type: 'text', required: true },
      { name: 'p_to', type: 'text', required: true },
      { name: 'p_amount', type: 'bigint', required: true },
      { name: 'p_mode', type: 'text', required: false },
    ],
  },
  {
    name: 'ledger_usage',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_account', type: 'text', required: true },
      { name: 'p_from', type: 'timestamp with time zone', required: true },
      { name: 'p_to', type: 'timestamp with time zone', required: true },
      { name: 'p_bucket', type: 'text', required: true },
    ],
  },
  {
    name: 'ledger_verify',
    returnsNothing: false,
    isForMembers: false,
    args: [
      { name: 'p_from', type: 'bigint', required: false },
    ],
  },
  {
    name: 'ledger_void',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_hold', type: 'uuid', required: true },
      { name: 'p_reason', type: 'text', required: false },
    ],
  },
  {
    name: 'limit_lease',
    returnsNothing: false,
    isForMembers: false,
    args: [
      { name: 'p_wants', type: 'jsonb', required: true },
      { name: 'p_lease_ms', type: 'bigint', required: true },
    ],
  },
  {
    name: 'limit_trim',
    returnsNothing: false,
    isForMembers: false,
    args: [
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'member_list',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: true },
      { name: 'p_after', type: 'text', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'member_remove',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: true },
      { name: 'p_subject', type: 'text', required: true },
    ],
  },
  {
    name: 'member_roles',
    returnsNothing: false,
    isForMembers: false,
    args: [
      { name: 'p_subject', type: 'text', required: true },
    ],
  },
  {
    name: 'member_set',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: true },
      { name: 'p_subject', type: 'text', required: true },
      { name: 'p_role', type: 'text', required: true },
      { name: 'p_name', type: 'text', required: false },
      { name: 'p_if_match', type: 'text[]', required: false },
    ],
  },
  {
    name: 'project_get',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_name', type: 'text', required: true },
    ],
  },
  {
    name: 'project_list',
    returnsNothing: false,
    isForMembers: true,
    args: [],
  },
  {
    name: 'project_register',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_name', type: 'text', required: true },
      { name: 'p_version', type: 'text', required: false },
      { name: 'p_capabilities', type: 'jsonb', required: false },
      { name: 'p_endpoints', type: 'jsonb', required: false },
      { name: 'p_metadata', type: 'jsonb', required: false },
      { name: 'p_if_match', type: 'text[]', required: false },
    ],
  },
  {
    name: 'project_update',
    returnsNothing: false,
    isForMembers: true,
    args: [
      { name: 'p_name', type: 'text', required: true },
      { name: 'p_version', type: 'text', required: false },
      { name: 'p_capabilities', type: 'jsonb', required: false },
      { name: 'p_endpoints', type: 'jsonb', required: false },
      { name: 'p_metadata', type: 'jsonb', required: false },
      { name: 'p_if_match', type: 'text[]', required: false },
    ],
  },
]
