export { openSettleSpool, type SettleSpool, type SettleSpoolOptions } from './spool/open-settle-spool.ts'
export { openSpool, type Spool, type SpoolEntry, type SpoolOptions } from './spool/open-spool.ts'
