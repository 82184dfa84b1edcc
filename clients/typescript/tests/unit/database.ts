/** A query in memory that behaves as the tables do: revisions, numbers without gaps, events, reads. */

import type {
  Change,
  DreamCutAsset,
  DreamCutQuery,
  Feed,
  Heads,
  JsonObject,
  NumberedMessage,
  QueryStatus,
  RowEvent,
} from '../../feed'

export const QUERY_ID = 'the-query'

export interface Sent {
  table: 'queries' | 'assets' | 'messages'
  event: RowEvent
}

export class Database {
  query: DreamCutQuery = {
    id: QUERY_ID,
    user_id: 'ada',
    user_prompt: 'A calm minute',
    intent: 'video',
    options: {},
    status: 'processing',
    stage: 'init',
    progress: 0,
    payload: null,
    error_message: null,
    processing_time_ms: null,
    models_used: [],
    cost_estimate: null,
    created_at: '2026-11-22T16:00:00+00:00',
    updated_at: '2026-11-22T16:00:00+00:00',
    completed_at: null,
    idempotency_key: null,
    last_message_seq: 0,
    revision: 1,
    attempts: 0,
    worker_id: null,
  }
  brief: JsonObject | null = null
  assets: DreamCutAsset[] = []
  messages: NumberedMessage[] = []
  private positions = 0

  addAsset(): Sent[] {
    const position = this.positions++
    const row: DreamCutAsset = {
      id: `asset-${position}`,
      query_id: QUERY_ID,
      url: `https://media.example/${position}.mp4`,
      filename: `${position}.mp4`,
      type: 'video',
      user_description: null,
      file_size_bytes: null,
      metadata: {},
      status: 'pending',
      progress: 0,
      analysis: {},
      worker_id: null,
      model_used: null,
      processing_time_ms: null,
      error_message: null,
      quality_score: null,
      confidence_score: null,
      cost_estimate: null,
      created_at: this.query.created_at,
      updated_at: this.query.created_at,
      analyzed_at: null,
      position,
      revision: 1,
      attempts: 0,
    }
    this.assets.push(row)
    return [{ table: 'assets', event: { type: 'INSERT', record: { ...row }, isDamaged: false } }]
  }

  /** `keeps` leaves the large column as it is, so that the event does not carry it. */
  moveAsset(index: number, progress: number, { keeps }: { keeps: boolean }): Sent[] {
    const row = this.assets[index]
    if (row === undefined) return []
    const analysis = keeps ? row.analysis : { findings: `as of ${progress}` }
    const moved = { ...row, progress, analysis, revision: row.revision + 1 }
    this.assets[index] = moved
    return [{ table: 'assets', event: update(moved, keeps ? ['analysis'] : []) }]
  }

  deleteAsset(index: number): Sent[] {
    const [row] = this.assets.splice(index, 1)
    if (row === undefined) return []
    return [{ table: 'assets', event: { type: 'DELETE', record: { id: row.id }, isDamaged: false } }]
  }

  say(content: string): Sent[] {
    const seq = this.query.last_message_seq + 1
    const row: NumberedMessage = {
      id: `message-${seq}`,
      query_id: QUERY_ID,
      type: 'status',
      content,
      created_at: this.query.created_at,
      emoji: null,
      asset_id: null,
      data: {},
      key: null,
      seq,
    }
    this.messages.push(row)
    const bumped = this.changeQuery({ last_message_seq: seq })
    return [...bumped, { table: 'messages', event: { type: 'INSERT', record: { ...row }, isDamaged: false } }]
  }

  end(status: QueryStatus, brief: JsonObject | null, { asOutline }: { asOutline: boolean }): Sent[] {
    this.brief = brief
    const payload = brief && asOutline ? { left_out: { shots: 900 } } : brief
    return [
      ...this.changeQuery({ status, stage: 'done', progress: 100, payload }),
      ...this.say('Creative brief ready 🎬'),
      ...this.say('Ready for production! 🚀'),
    ]
  }

  changeQuery(changes: Partial<DreamCutQuery>): Sent[] {
    const keeps = !('payload' in changes) && this.query.payload !== null
    this.query = { ...this.query, ...changes, revision: this.query.revision + 1 }
    return [{ table: 'queries', event: update(this.query, keeps ? ['payload'] : []) }]
  }

  get heads(): Heads {
    return {
      query: { revision: this.query.revision, last_message_seq: this.query.last_message_seq },
      assets: this.assets.map(({ id, revision }) => ({ id, revision })),
    }
  }
}

function update(row: object, absent: readonly string[]): RowEvent {
  const record = Object.fromEntries(Object.entries(row).filter(([column]) => !absent.includes(column)))
  return { type: 'UPDATE', record, isDamaged: false }
}

export function send(feed: Feed, sent: readonly Sent[]): Change[] {
  return sent.flatMap(({ table, event }) => {
    if (table === 'queries') return feed.takeQueryEvent(event)
    return table === 'assets' ? feed.takeAssetEvent(event) : feed.takeMessageEvent(event)
  })
}

/** Read what the feed needs, until that brings nothing more. */
export function catchUp(feed: Feed, database: Database, { pageRows = 1000 } = {}): Change[] {
  const changes = feed.compare(database.heads, feed.mark())
  for (let round = 0; round < 100 && feed.isBehind; round += 1) {
    const needs = feed.needs()
    if (needs.heads) changes.push(...feed.compare(database.heads, feed.mark()))
    if (needs.query) changes.push(...feed.takeQuery(database.query))
    if (needs.assets.length > 0) {
      changes.push(...feed.takeAssets(database.assets.filter(({ id }) => needs.assets.includes(id))))
    }
    if (needs.messages) {
      const missing = database.messages.filter(({ seq }) => seq > feed.deliveredSeq)
      changes.push(...feed.takeMessages(missing.slice(0, pageRows)))
    }
    if (needs.brief) changes.push(...feed.takeBrief(database.brief))
  }
  return changes
}

export function messagesOf(changes: readonly Change[]): number[] {
  return changes.flatMap((change) => (change.kind === 'message' ? change.row.seq : []))
}

export function queriesOf(changes: readonly Change[]): DreamCutQuery[] {
  return changes.flatMap((change) => (change.kind === 'query' ? change.row : []))
}

export function assetsOf(changes: readonly Change[]): DreamCutAsset[] {
  return changes.flatMap((change) => (change.kind === 'asset' ? change.row : []))
}
