// Made by packages/api/scripts/generate.ts from the contracts of topics. Do not edit.
import type { BodyShape } from '../contract/wire-operation.ts'

/** Frames of the server, by `op`. */
export const frameShapes: Readonly<Record<string, BodyShape>> = {
  welcome: {"members":{"op":"string","subject":"string","project":"any","epoch":"string","seq":"number"}},
  subscribed: {"members":{"op":"string","id":"string","topic":"string","epoch":"string","seq":"number"}},
  event: {"ref":"RealtimeEvent"},
  resync: {"members":{"op":"string","id":"string","topic":"string","epoch":"string","seq":"number","reason":"string"}},
  unsubscribed: {"members":{"op":"string","id":"string"}},
  pong: {"members":{"op":"string"}},
  error: {"members":{"op":"string","id?":"string","code":"string","detail":"string"}},
  bye: {"members":{"op":"string","code":"number","reason":"string","retryAfterMs":{"anyOf":["number","null"]}}},
}

/** The data of events, by topic and type. */
export const eventShapes: Readonly<Record<string, Readonly<Record<string, BodyShape>>>> = {
  'ledger.alert': {"threshold_crossed":{"members":{"alert":"number","account":"string","budget":"string","period":"string","limit":"number","spent":"number","thresholdBasisPoints":"number","tx":"number"},"isOpen":true},"uncollected":{"members":{"alert":"number","account":"string","hold":"string","uncollected":"number","tx":"number"},"isOpen":true}},
  'ledger.balance': {"changed":{"members":{"account":"string","status":"string","settled":"number","held":"number","available":"number","overdraft":"number","version":"number"},"isOpen":true}},
  'ledger.rebalance': {"moved":{"members":{"account":"string","parent":"string","budget":"string","from":"number","to":"number","tx":"number"},"isOpen":true}},
  'ledger.seal': {"sealed":{"members":{"hash":"string","lastTx":"number","count":"number"},"isOpen":true}},
  flag: {"set":{"members":{"name":"string","project":"any","value":"any","cleared":"boolean","rolloutBasisPoints":"number","version":"number"},"isOpen":true},"cleared":{"members":{"name":"string","project":"any","value":"any","cleared":"boolean","rolloutBasisPoints":"number","version":"number"},"isOpen":true}},
  key: {"created":{"members":{"id":"string","project":"any","name":"string","hint":"string","status":"string","expiresAt":{"anyOf":["string","null"]},"replacedBy":"any"},"isOpen":true},"updated":{"members":{"id":"string","project":"any","name":"string","hint":"string","status":"string","expiresAt":{"anyOf":["string","null"]},"replacedBy":"any"},"isOpen":true},"rerolled":{"members":{"id":"string","project":"any","name":"string","hint":"string","status":"string","expiresAt":{"anyOf":["string","null"]},"replacedBy":"any"},"isOpen":true},"revoked":{"members":{"id":"string","project":"any","name":"string","hint":"string","status":"string","expiresAt":{"anyOf":["string","null"]},"replacedBy":"any"},"isOpen":true}},
  member: {"set":{"members":{"project":"string","subject":"string","role":"string","name":"any"},"isOpen":true},"removed":{"members":{"project":"string","subject":"string","role":"string","name":"any"},"isOpen":true}},
  webhook: {"disabled":{"members":{"name":"string","topic":"string","reason":"string"},"isOpen":true}},
  share: {"set":{"members":{"owner":"string","kind":"string","name":"string","grantee":"string","rights":{"items":"string"},"updatedBy":"string","updatedAt":"string"},"isOpen":true},"removed":{"members":{"owner":"string","kind":"string","name":"string","grantee":"string","rights":{"items":"string"},"updatedBy":"string","updatedAt":"string"},"isOpen":true}},
  cache: {"cleared":{"members":{"namespace":"string"},"isOpen":true}},
  manifest: {"starting":{"members":{"project":"string","status":"string","before":"string","lastBeatAt":{"anyOf":["string","null"]}},"isOpen":true},"online":{"members":{"project":"string","status":"string","before":"string","lastBeatAt":{"anyOf":["string","null"]}},"isOpen":true},"degraded":{"members":{"project":"string","status":"string","before":"string","lastBeatAt":{"anyOf":["string","null"]}},"isOpen":true},"maintenance":{"members":{"project":"string","status":"string","before":"string","lastBeatAt":{"anyOf":["string","null"]}},"isOpen":true},"offline":{"members":{"project":"string","status":"string","before":"string","lastBeatAt":{"anyOf":["string","null"]}},"isOpen":true}},
  'manifest.health': {"good":{"members":{"project":"string","health":"string","before":"string","score":{"anyOf":["number","null"]},"worst":{"anyOf":["string","null"]}},"isOpen":true},"fair":{"members":{"project":"string","health":"string","before":"string","score":{"anyOf":["number","null"]},"worst":{"anyOf":["string","null"]}},"isOpen":true},"poor":{"members":{"project":"string","health":"string","before":"string","score":{"anyOf":["number","null"]},"worst":{"anyOf":["string","null"]}},"isOpen":true},"unknown":{"members":{"project":"string","health":"string","before":"string","score":{"anyOf":["number","null"]},"worst":{"anyOf":["string","null"]}},"isOpen":true}},
  insight: {"shared":{"members":{"insight":"string","project":"string","category":"string","title":"string","expectedBasisPoints":"number"},"isOpen":true},"decided":{"members":{"insight":"string","project":"string","by":"string","decision":"string","effectBasisPoints":{"anyOf":["number","null"]}},"isOpen":true}},
  task: {"dead":{"members":{"task":"string","queue":"string","kind":"string","attempt":"number","error":"any"},"isOpen":true},"blocked":{"members":{"task":"string","queue":"string","kind":"string"},"isOpen":true}},
  message: {"dead":{"members":{"from":"string","to":"string","reason":"string","count":"number","delivery":"string"},"isOpen":true}},
}

/** Shapes that they share. */
export const parts: Readonly<Record<string, BodyShape>> = {
  RealtimeEvent: {"members":{"op":"string","topic":"string","project":"any","epoch":"string","seq":"number","at":"string","type":"string","data":"any"}},
}
