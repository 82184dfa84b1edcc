/**
 * What is known of one query, merged from snapshots and change events in whatever order they come.
 *
 * Pure: no clock, no network. `subscription.ts` feeds it and does what it asks for.
 *
 * - Messages leave it once each, in the order of `seq`; one that comes early is held back.
 * - Rows leave it whole and only forwards, by `revision`.
 * - The end of a query is its last word: it leaves when all else has left, with the whole brief in it.
 * - An event that cannot be merged (columns missing, a row never seen, an error in it) leaves a need:
 *   the row is to be read again.
 */

import type { Database, Json } from './database.types'

type Row<Table extends keyof Database['public']['Tables']> = Database['public']['Tables'][Table]['Row']

export type JsonObject = { [key: string]: Json | undefined }
export type Intent = 'image' | 'video' | 'audio' | 'mixed'
export type AssetType = 'image' | 'video' | 'audio'
export type QueryStatus = 'processing' | 'completed' | 'failed'
export type QueryStage = 'init' | 'analyzing' | 'merging' | 'done'
export type AssetStatus = 'pending' | 'analyzing' | 'completed' | 'failed'
export type MessageType =
  | 'status'
  | 'asset_start'
  | 'asset_progress'
  | 'asset_complete'
  | 'merge'
  | 'final'
  | 'conflict'
  | 'suggestion'
  | 'error'

export interface DreamCutQuery extends Omit<
  Row<'dreamcut_queries'>,
  'intent' | 'options' | 'status' | 'stage' | 'payload'
> {
  intent: Intent
  options: JsonObject
  status: QueryStatus
  stage: QueryStage
  /** The creative brief; an outline where it holds `left_out`, see `getBrief`. */
  payload: JsonObject | null
}

export interface DreamCutAsset extends Omit<
  Row<'dreamcut_assets'>,
  'type' | 'metadata' | 'status' | 'analysis'
> {
  type: AssetType
  metadata: JsonObject
  status: AssetStatus
  /** The findings so far; an outline where they hold `left_out`, see `getAnalysis`. */
  analysis: JsonObject
}

/** A line of the director's feed. A front end may make its own ones, which carry no number. */
export interface DreamCutMessage
  extends
    Pick<Row<'dreamcut_messages'>, 'id' | 'query_id' | 'content' | 'created_at'>,
    Partial<Pick<Row<'dreamcut_messages'>, 'emoji' | 'asset_id' | 'seq' | 'key'>> {
  type: MessageType
  data: JsonObject
}

/** A message from the database: numbered 1, 2, 3, … within its query. */
export type NumberedMessage = DreamCutMessage & { seq: number }

/** One step forward of what is known, as the callbacks hear of it. */
export type Change =
  | { kind: 'query'; row: DreamCutQuery }
  | { kind: 'asset'; row: DreamCutAsset }
  | { kind: 'asset removed'; id: string }
  | { kind: 'message'; row: NumberedMessage }

/** A change of one row as the server reports it: columns may be missing, `revision` and `id` too. */
export interface RowEvent {
  type: 'INSERT' | 'UPDATE' | 'DELETE'
  record: Readonly<Record<string, unknown>>
  /** Columns were dropped or refused on the way: what is missing did not stay as it was. */
  isDamaged: boolean
}

/** The numbers that tell whether anything is missing. */
export interface Heads {
  query: { revision: number; last_message_seq: number }
  assets: readonly { id: string; revision: number }[]
}

/** What was known before the heads were read. */
export interface Mark {
  assets: readonly string[]
  doubts: number
}

/** What to read; `assets` by id. */
export interface Needs {
  heads: boolean
  query: boolean
  assets: readonly string[]
  messages: boolean
  brief: boolean
}

/** One row, moving forwards by revision. */
class MergedRow<T extends { revision: number }> {
  whole: T | undefined
  private heardOf = 0

  get isBehind(): boolean {
    return this.heardOf > this.revision
  }

  private get revision(): number {
    return this.whole?.revision ?? 0
  }

  hearOf(revision: number): void {
    this.heardOf = Math.max(this.heardOf, revision)
  }

  /** Take a whole row; false when it is not newer. */
  take(row: T): boolean {
    this.hearOf(row.revision)
    if (row.revision <= this.revision) return false
    this.whole = row
    return true
  }

  /** Take an event's record; false when it is not newer, or columns are missing that nobody knows. */
  takeRecord(event: RowEvent, revision: number): boolean {
    this.hearOf(revision)
    if (revision <= this.revision || event.isDamaged) return false
    const known = this.whole
    if (event.type === 'UPDATE') {
      // Large columns that an update left alone are absent: they are as they were one revision before.
      const isNext = known !== undefined && revision === known.revision + 1
      const hasAll = known !== undefined && Object.keys(known).every((column) => column in event.record)
      if (!isNext && !hasAll) return false
    }
    // The columns of our own tables, as the server sent them.
    this.whole = { ...known, ...event.record } as T
    return true
  }
}

// A read that stops below a number that exists came from a lagging copy of the database, so it is repeated;
// what this many reads in a row do not have was deleted.
const TRUSTED_SHORTFALLS = 3

export class Feed {
  private readonly queryRow = new MergedRow<DreamCutQuery>()
  private readonly assetRows = new Map<string, MergedRow<DreamCutAsset>>()
  private readonly delivered: NumberedMessage[] = []
  private readonly held = new Map<number, NumberedMessage>()
  private lastSeq = 0
  private knownSeq = 0
  private shortfalls = 0
  private told: DreamCutQuery | undefined
  private brief: { whole: JsonObject | null } | undefined
  private doubts = 0
  private settled = 0

  constructor(readonly queryId: string) {}

  /** The newest state of the query, whether it has left yet or not. */
  get query(): DreamCutQuery | undefined {
    const row = this.queryRow.whole
    return row && this.brief?.whole ? { ...row, payload: this.brief.whole } : row
  }

  /** In the order in which the user gave them. */
  get assets(): DreamCutAsset[] {
    return [...this.assetRows.values()]
      .flatMap((row) => row.whole ?? [])
      .sort((one, other) => one.position - other.position)
  }

  get messages(): readonly NumberedMessage[] {
    return this.delivered
  }

  /** Number of the newest message that has left. */
  get deliveredSeq(): number {
    return this.lastSeq
  }

  /** The query has ended and everything has left: nothing more is to be expected. */
  get isComplete(): boolean {
    return this.hasEnded && !this.isBehind
  }

  /** Something is missing, or may be. */
  get isBehind(): boolean {
    return this.lacksRows || this.lacksBrief
  }

  needs(): Needs {
    return {
      heads: this.settled < this.doubts,
      query: this.queryRow.whole === undefined || this.queryRow.isBehind,
      assets: [...this.assetRows].filter(([, row]) => row.isBehind).map(([id]) => id),
      messages: this.held.size > 0 || this.lastSeq < this.knownSeq,
      brief: this.lacksBrief,
    }
  }

  /** Everything that has left, as the changes that lead to it from nothing. */
  replay(): Change[] {
    const query = this.told ? [{ kind: 'query', row: this.told } as const] : []
    const rows: Change[] = [
      ...this.assets.map((row) => ({ kind: 'asset', row }) as const),
      ...this.delivered.map((row) => ({ kind: 'message', row }) as const),
    ]
    return this.told && hasEnded(this.told) ? [...rows, ...query] : [...query, ...rows]
  }

  /** Take this before reading heads, and give it to `compare` with what was read. */
  mark(): Mark {
    return { assets: [...this.assetRows.keys()], doubts: this.doubts }
  }

  /** Learn from the heads what is missing and which assets are gone. */
  compare(heads: Heads, mark: Mark): Change[] {
    this.queryRow.hearOf(heads.query.revision)
    this.knownSeq = Math.max(this.knownSeq, heads.query.last_message_seq)
    for (const { id, revision } of heads.assets) this.asset(id).hearOf(revision)
    // An asset that was there before the reading and is not in it has been deleted; its id never returns.
    const present = new Set(heads.assets.map(({ id }) => id))
    const removed: Change[] = []
    for (const id of mark.assets) {
      if (present.has(id)) continue
      if (this.assetRows.get(id)?.whole) removed.push({ kind: 'asset removed', id })
      this.assetRows.delete(id)
    }
    this.settled = Math.max(this.settled, mark.doubts)
    return this.withLastWord(removed)
  }

  takeQuery(row: DreamCutQuery): Change[] {
    return this.withQuery(this.queryRow.take(row))
  }

  takeAssets(rows: readonly DreamCutAsset[]): Change[] {
    const newer = rows.filter((row) => this.asset(row.id).take(row))
    return this.withLastWord(newer.map((row) => ({ kind: 'asset', row })))
  }

  /**
   * Take what was read behind the newest message, lowest number first; an empty page says there is no more.
   *
   * Numbers are given in the order of commit: one that is absent below another has been deleted, and the feed
   * goes on behind it.
   */
  takeMessages(page: readonly NumberedMessage[]): Change[] {
    const changes: Change[] = []
    for (const message of page) {
      if (message.seq > this.lastSeq) changes.push(this.deliver(message))
    }
    changes.push(...this.deliverHeld())
    const fallsShort = page.length === 0 && (this.held.size > 0 || this.lastSeq < this.knownSeq)
    this.shortfalls = fallsShort ? this.shortfalls + 1 : 0
    if (this.shortfalls >= TRUSTED_SHORTFALLS) {
      this.lastSeq = this.held.size > 0 ? Math.min(...this.held.keys()) - 1 : this.knownSeq
      changes.push(...this.deliverHeld())
    }
    return this.withLastWord(changes)
  }

  /** Take the whole brief; null where it cannot be had, so that the outline stands for it. */
  takeBrief(whole: JsonObject | null): Change[] {
    this.brief = { whole }
    return this.withLastWord([])
  }

  takeQueryEvent(event: RowEvent): Change[] {
    const { id, revision } = event.record
    if (id !== undefined && id !== this.queryId) return []
    if (event.type === 'DELETE' || typeof revision !== 'number') {
      this.doubts += 1
      return []
    }
    return this.withQuery(this.queryRow.takeRecord(event, revision))
  }

  takeAssetEvent(event: RowEvent): Change[] {
    const { id, revision } = event.record
    if (event.type === 'DELETE') {
      // Deletions are reported without regard to the filter: most are of other queries.
      if (typeof id === 'string' && this.assetRows.has(id)) this.doubts += 1
      return []
    }
    if (typeof id !== 'string' || typeof revision !== 'number') {
      this.doubts += 1
      return []
    }
    const merged = this.asset(id)
    const isNews = merged.takeRecord(event, revision)
    return this.withLastWord(isNews && merged.whole ? [{ kind: 'asset', row: merged.whole }] : [])
  }

  takeMessageEvent(event: RowEvent): Change[] {
    if (event.type !== 'INSERT') return []
    const { seq, content } = event.record
    if (event.isDamaged || typeof seq !== 'number' || typeof content !== 'string') {
      this.doubts += 1
      return []
    }
    // The columns of our own table, as the server sent them.
    this.held.set(seq, event.record as unknown as NumberedMessage)
    return this.withLastWord(this.deliverHeld())
  }

  private get hasEnded(): boolean {
    return this.queryRow.whole !== undefined && hasEnded(this.queryRow.whole)
  }

  private get lacksRows(): boolean {
    const row = this.queryRow
    return (
      row.whole === undefined ||
      row.isBehind ||
      this.settled < this.doubts ||
      this.held.size > 0 ||
      this.lastSeq < this.knownSeq ||
      [...this.assetRows.values()].some((asset) => asset.isBehind)
    )
  }

  private get lacksBrief(): boolean {
    return this.hasEnded && isOutline(this.queryRow.whole?.payload) && !this.brief && !this.lacksRows
  }

  private withQuery(isNews: boolean): Change[] {
    const row = this.queryRow.whole
    if (!isNews || row === undefined) return []
    this.knownSeq = Math.max(this.knownSeq, row.last_message_seq)
    if (!hasEnded(row)) {
      this.told = row
      return [{ kind: 'query', row }]
    }
    // Is that all? One look at the heads after the end tells.
    if (this.told === undefined || !hasEnded(this.told)) this.doubts += 1
    return this.withLastWord([])
  }

  private withLastWord(changes: Change[]): Change[] {
    const row = this.query
    if (row === undefined || !this.isComplete || this.told?.revision === row.revision) return changes
    this.told = row
    return [...changes, { kind: 'query', row }]
  }

  private asset(id: string): MergedRow<DreamCutAsset> {
    let row = this.assetRows.get(id)
    if (row === undefined) {
      row = new MergedRow()
      this.assetRows.set(id, row)
    }
    return row
  }

  private deliver(message: NumberedMessage): Change {
    this.delivered.push(message)
    this.lastSeq = message.seq
    return { kind: 'message', row: message }
  }

  private deliverHeld(): Change[] {
    const changes: Change[] = []
    for (const seq of this.held.keys()) if (seq <= this.lastSeq) this.held.delete(seq)
    let next = this.held.get(this.lastSeq + 1)
    while (next !== undefined) {
      this.held.delete(next.seq)
      changes.push(this.deliver(next))
      next = this.held.get(this.lastSeq + 1)
    }
    return changes
  }
}

/** Whether parts of a document lie beside its row. */
export function isOutline(document: JsonObject | null | undefined): boolean {
  return document !== null && document !== undefined && 'left_out' in document
}

export function hasEnded(query: { status: QueryStatus }): boolean {
  return query.status !== 'processing'
}
