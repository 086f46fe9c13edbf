// Made by packages/database/scripts/generate.ts from the migrated catalog. Do not edit.
import type { CoreSignature } from '../function-signature.ts'

/** What this version of Core expects of core_api. */
export const coreSignatures: readonly CoreSignature[] = [
  {
    name: 'audit_log',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: false },
      { name: 'p_before', type: 'bigint', required: false },
      { name: 'p_limit', type: 'integer', required: false },
      { name: 'p_filter', type: 'jsonb', required: false },
    ],
  },
  {
    name: 'error_list',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: false },
      { name: 'p_status', type: 'text', required: false },
      { name: 'p_after', type: 'text', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'error_record',
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_groups', type: 'jsonb', required: true },
    ],
  },
  {
    name: 'error_trim',
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_keep', type: 'interval', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'error_update',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_id', type: 'uuid', required: true },
      { name: 'p_status', type: 'text', required: true },
      { name: 'p_project', type: 'text', required: false },
    ],
  },
  {
    name: 'event_poll',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_after', type: 'bigint', required: true },
      { name: 'p_limit', type: 'integer', required: false },
      { name: 'p_topics', type: 'text[]', required: false },
    ],
  },
  {
    name: 'event_trim',
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_keep', type: 'interval', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'flag_clear',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_name', type: 'text', required: true },
      { name: 'p_project', type: 'text', required: false },
      { name: 'p_if_match', type: 'text[]', required: false },
    ],
  },
  {
    name: 'flag_list',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: false },
      { name: 'p_after_version', type: 'bigint', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'flag_set',
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_hash', type: 'text', required: true },
      { name: 'p_scope', type: 'text', required: false },
    ],
  },
  {
    name: 'key_create',
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: false },
      { name: 'p_after', type: 'uuid', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'key_reroll',
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_id', type: 'uuid', required: true },
    ],
  },
  {
    name: 'key_touch',
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_uses', type: 'jsonb', required: true },
    ],
  },
  {
    name: 'key_update',
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_hash', type: 'text', required: true },
    ],
  },
  {
    name: 'ledger_account_open',
    returns: 'jsonb',
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
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_parent', type: 'text', required: false },
      { name: 'p_after', type: 'text', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_alerts',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_after', type: 'bigint', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_audit',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_account', type: 'text', required: false },
    ],
  },
  {
    name: 'ledger_balance',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_account', type: 'text', required: true },
      { name: 'p_at', type: 'timestamp with time zone', required: false },
    ],
  },
  {
    name: 'ledger_batch',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_ops', type: 'jsonb', required: true },
      { name: 'p_atomic', type: 'boolean', required: false },
    ],
  },
  {
    name: 'ledger_batch_json',
    returns: 'json',
    isForMembers: true,
    args: [
      { name: 'p_ops', type: 'jsonb', required: true },
      { name: 'p_atomic', type: 'boolean', required: false },
    ],
  },
  {
    name: 'ledger_budget_set',
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_hold', type: 'uuid', required: true },
      { name: 'p_amount', type: 'bigint', required: true },
    ],
  },
  {
    name: 'ledger_charge',
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_extend',
    returns: 'jsonb',
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
    returns: 'jsonb',
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
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_hold', type: 'uuid', required: true },
    ],
  },
  {
    name: 'ledger_lease_close',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_lease', type: 'uuid', required: true },
    ],
  },
  {
    name: 'ledger_lease_get',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_lease', type: 'uuid', required: true },
    ],
  },
  {
    name: 'ledger_lease_open',
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_lease', type: 'uuid', required: true },
      { name: 'p_seq', type: 'integer', required: true },
      { name: 'p_items', type: 'jsonb', required: true },
    ],
  },
  {
    name: 'ledger_publish',
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_rebalance',
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_at_bp', type: 'integer', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_refund',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_tx', type: 'bigint', required: true },
      { name: 'p_amount', type: 'bigint', required: false },
    ],
  },
  {
    name: 'ledger_reserve',
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'ledger_settle',
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: false,
    args: [],
  },
  {
    name: 'ledger_transfer',
    returns: 'jsonb',
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
    returns: 'jsonb',
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
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_from', type: 'bigint', required: false },
    ],
  },
  {
    name: 'ledger_void',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_hold', type: 'uuid', required: true },
      { name: 'p_reason', type: 'text', required: false },
    ],
  },
  {
    name: 'limit_lease',
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_wants', type: 'jsonb', required: true },
      { name: 'p_lease_ms', type: 'bigint', required: true },
    ],
  },
  {
    name: 'limit_trim',
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'member_add',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_project', type: 'text', required: true },
      { name: 'p_subject', type: 'text', required: true },
      { name: 'p_role', type: 'text', required: true },
      { name: 'p_name', type: 'text', required: false },
    ],
  },
  {
    name: 'member_get',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: true },
      { name: 'p_subject', type: 'text', required: true },
    ],
  },
  {
    name: 'member_list',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: true },
      { name: 'p_after', type: 'text', required: false },
      { name: 'p_limit', type: 'integer', required: false },
    ],
  },
  {
    name: 'member_remove',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: true },
      { name: 'p_subject', type: 'text', required: true },
    ],
  },
  {
    name: 'member_roles',
    returns: 'jsonb',
    isForMembers: false,
    args: [
      { name: 'p_subject', type: 'text', required: true },
    ],
  },
  {
    name: 'member_set',
    returns: 'jsonb',
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
    name: 'member_update',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_project', type: 'text', required: true },
      { name: 'p_subject', type: 'text', required: true },
      { name: 'p_role', type: 'text', required: false },
      { name: 'p_name', type: 'text', required: false },
      { name: 'p_if_match', type: 'text[]', required: false },
    ],
  },
  {
    name: 'project_create',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_key', type: 'text', required: true },
      { name: 'p_name', type: 'text', required: true },
      { name: 'p_version', type: 'text', required: false },
      { name: 'p_capabilities', type: 'jsonb', required: false },
      { name: 'p_endpoints', type: 'jsonb', required: false },
      { name: 'p_metadata', type: 'jsonb', required: false },
    ],
  },
  {
    name: 'project_get',
    returns: 'jsonb',
    isForMembers: true,
    args: [
      { name: 'p_name', type: 'text', required: true },
    ],
  },
  {
    name: 'project_list',
    returns: 'jsonb',
    isForMembers: true,
    args: [],
  },
  {
    name: 'project_register',
    returns: 'jsonb',
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
    returns: 'jsonb',
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
    name: 'restore_finish',
    returns: 'jsonb',
    isForMembers: false,
    args: [],
  },
  {
    name: 'restore_status',
    returns: 'jsonb',
    isForMembers: false,
    args: [],
  },
  {
    name: 'system_info',
    returns: 'jsonb',
    isForMembers: false,
    args: [],
  },
]
