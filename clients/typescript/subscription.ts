/**
 * One query, followed: three channels that say that something changed, reads that say what is true, and whoever
 * listens.
 *
 * Channels come and go; the feed stays. While changes do not arrive, the tables are read now and then.
 */

import type { RealtimeChannel, RealtimePostgresChangesPayload } from '@supabase/supabase-js'

import { Feed, type Change, type RowEvent } from './feed'
import type { Listener, SubscriptionState } from './listener'
import { catchUp, DreamCutError, type Client, type DreamCutErrorCode } from './reading'

/** All in milliseconds. */
export interface Timing {
  /** Between two looks for silent losses while changes arrive. */
  checkMs: number
  /** Between two looks while they do not. */
  pollMs: number
  /** How long a missing message or row may be on its way before it is read. */
  gapMs: number
  /** How long channels may take to listen before new ones are opened; twice that the second time, and so on. */
  listenMs: number
  /** Of one round of reading. */
  readMs: number
}

export const TIMING: Timing = { checkMs: 20_000, pollMs: 5_000, gapMs: 100, listenMs: 15_000, readMs: 20_000 }

const TABLES = ['dreamcut_queries', 'dreamcut_assets', 'dreamcut_messages'] as const
type Table = (typeof TABLES)[number]

// After its end a query changes no more, unless somebody deletes it.
const ENDED_CHECKS = 10
const LONGEST_WAIT = 4 // times the first one
// Looks that find what no event told, one after the other, before the channels are taken for deaf.
const DEAF_CHECKS = 2
const RETRY_MS = 500 // doubled with each attempt
const LEAVE_MS = 2_000
const DISCONNECTING_MS = 50

type Timer = ReturnType<typeof setTimeout>

const followed = new WeakMap<Client, Map<string, Followed>>()
const leaving = new WeakMap<Client, Map<string, Promise<void>>>()

/** Follow a query on a client: whoever follows the same one shares its channels. Returns what ends it. */
export function follow(client: Client, queryId: string, listener: Listener, timing: Timing): () => void {
  const ofClient = mapOf(followed, client)
  let query = ofClient.get(queryId)
  if (query === undefined) {
    query = new Followed(client, queryId, timing)
    ofClient.set(queryId, query)
  }
  return query.join(listener)
}

/** The query as it is followed on this client; undefined where nobody does. */
export function followedQuery(client: Client, queryId: string): Followed | undefined {
  return followed.get(client)?.get(queryId)
}

function mapOf<T>(maps: WeakMap<Client, Map<string, T>>, client: Client): Map<string, T> {
  let map = maps.get(client)
  if (map === undefined) {
    map = new Map()
    maps.set(client, map)
  }
  return map
}

class Followed {
  readonly feed: Feed
  private readonly listeners = new Set<Listener>()
  private readonly ended = new AbortController()
  private state: SubscriptionState = 'connecting'
  private channels: RealtimeChannel[] = []
  private opening = 0
  private attempts = 0
  private readonly listening = new Set<Table>()
  private listenTimer: Timer | undefined
  private readTimer: Timer | undefined
  private readAt = Infinity
  private isReading = false
  private failures = 0
  private unhelpful = 0
  private eventsSinceCheck = 0
  private deafChecks = 0
  private readonly complaints = new Set<DreamCutErrorCode>()

  constructor(
    private readonly client: Client,
    queryId: string,
    private readonly timing: Timing,
  ) {
    this.feed = new Feed(queryId)
    globalThis.addEventListener?.('online', this.resume)
    globalThis.document?.addEventListener('visibilitychange', this.resume)
    this.readSoon(0)
    void this.open()
  }

  join(listener: Listener): () => void {
    this.listeners.add(listener)
    // Not before the caller has got the function that ends it.
    queueMicrotask(() => {
      listener.isJoined = true
      listener.hearState(this.state)
      listener.hear(this.feed.replay())
    })
    return () => {
      listener.isActive = false
      this.listeners.delete(listener)
      if (this.listeners.size === 0) this.end()
    }
  }

  /** Read now, and tell what is new before returning. */
  async refresh(): Promise<void> {
    await this.read(this.ended.signal)
  }

  private end(): void {
    if (this.state === 'closed') return
    this.changeState('closed')
    this.ended.abort()
    clearTimeout(this.readTimer)
    clearTimeout(this.listenTimer)
    globalThis.removeEventListener?.('online', this.resume)
    globalThis.document?.removeEventListener('visibilitychange', this.resume)
    mapOf(followed, this.client).delete(this.feed.queryId)
    void this.leave()
  }

  // Reading ---------------------------------------------------------------------------------------------------

  /** Read in so many milliseconds, or earlier where that was planned already. */
  private readSoon(delayMs: number): void {
    const at = Date.now() + delayMs
    if (this.state === 'closed' || at >= this.readAt) return
    clearTimeout(this.readTimer)
    this.readAt = at
    this.readTimer = setTimeout(() => {
      this.readAt = Infinity
      if (this.isReading) this.readSoon(this.timing.gapMs)
      else void this.readAndPlan()
    }, delayMs)
  }

  private async readAndPlan(): Promise<void> {
    this.isReading = true
    const wasListening = this.listening.size === TABLES.length
    const wasLive = this.state === 'live'
    const events = this.eventsSinceCheck
    this.eventsSinceCheck = 0
    try {
      const told = await this.read(this.ended.signal)
      if (this.ended.signal.aborted) return // by a callback
      this.failures = 0
      this.complaints.delete('read_failed')
      this.complaints.delete('not_found')
      this.unhelpful = this.feed.isBehind ? this.unhelpful + 1 : 0
      if (wasListening && this.listening.size === TABLES.length && !this.feed.isBehind) this.becomeLive()
      this.watchForDeafness(wasLive && told && events === 0 && this.eventsSinceCheck === 0)
    } catch (error) {
      this.readFailed(error)
    } finally {
      this.isReading = false
    }
    this.readSoon(this.nextReadMs())
  }

  private async read(ended: AbortSignal): Promise<boolean> {
    let told = false
    const limit = new AbortController()
    const stop = (): void => limit.abort()
    const timer = setTimeout(stop, this.timing.readMs)
    ended.addEventListener('abort', stop)
    try {
      await catchUp(this.client, this.feed, {
        signal: limit.signal,
        emit: (changes) => {
          told ||= changes.length > 0
          this.tell(changes)
        },
      })
    } catch (error) {
      if (!limit.signal.aborted || ended.aborted) throw error
      throw new DreamCutError('read_failed', `No answer within ${this.timing.readMs} ms.`, { cause: error })
    } finally {
      clearTimeout(timer)
      ended.removeEventListener('abort', stop)
    }
    return told
  }

  private nextReadMs(): number {
    const { checkMs, pollMs, gapMs } = this.timing
    const idleMs = this.state === 'live' ? checkMs * (this.feed.isComplete ? ENDED_CHECKS : 1) : pollMs
    if (this.failures > 0) return jittered(Math.min(1_000 * 2 ** (this.failures - 1), checkMs))
    if (this.unhelpful > 0) return Math.min(gapMs * 2 ** (this.unhelpful - 1), idleMs)
    return jittered(idleMs)
  }

  private readFailed(error: unknown): void {
    if (this.state === 'closed') return
    this.failures += 1
    const known =
      error instanceof DreamCutError
        ? error
        : new DreamCutError('read_failed', String(error), { cause: error })
    this.complainOnce(known)
    if (known.code !== 'deleted') return
    this.end()
  }

  /** Channels can be open and yet silent: the server's part of them is gone, or they stand for nobody. */
  private watchForDeafness(foundUntold: boolean): void {
    this.deafChecks = foundUntold ? this.deafChecks + 1 : 0
    if (this.deafChecks < DEAF_CHECKS) return
    this.deafChecks = 0
    this.lose('Changes stopped arriving.')
    void this.reopen()
  }

  // Channels --------------------------------------------------------------------------------------------------

  private async open(): Promise<void> {
    const opening = ++this.opening
    const isCurrent = (): boolean => opening === this.opening && this.state !== 'closed'
    this.listenTimer = setTimeout(
      () => void this.reopen(),
      this.timing.listenMs * Math.min(++this.attempts, LONGEST_WAIT),
    )
    await leaving.get(this.client)?.get(this.feed.queryId)
    // A join without the session's token listens as nobody: the library does not wait for it by itself.
    if (this.client.realtime.accessTokenValue === null) {
      await this.client.realtime.setAuth().catch((error: unknown) => this.lose(String(error)))
    }
    // While it disconnects, the library takes no notice of who wants a connection.
    while (isCurrent() && this.client.realtime.isDisconnecting()) await pause(DISCONNECTING_MS)
    if (!isCurrent()) return
    try {
      for (const table of TABLES) this.channels.push(this.channel(table, isCurrent))
    } catch (error) {
      this.lose(error instanceof Error ? error.message : String(error))
    }
  }

  private channel(table: Table, isCurrent: () => boolean): RealtimeChannel {
    const filter = `${table === 'dreamcut_queries' ? 'id' : 'query_id'}=eq.${this.feed.queryId}`
    return this.client
      .channel(`${table}:${this.feed.queryId}`)
      .on(
        'postgres_changes',
        { event: '*', schema: 'public', table, filter },
        (payload: RealtimePostgresChangesPayload<Record<string, unknown>>) => {
          if (isCurrent()) this.take(table, payload)
        },
      )
      .on('system', {}, (payload: { extension?: string; status?: string; message?: string }) => {
        if (!isCurrent() || payload.extension !== 'postgres_changes') return
        if (payload.status === 'ok') this.listens(table)
        else this.lose(payload.message ?? 'The server refuses to listen.', { table })
      })
      .subscribe((status, error) => {
        // SUBSCRIBED says that the server has heard of us, not that it listens: `system` does.
        if (!isCurrent() || status === 'SUBSCRIBED') return
        // With the connection open the library joins again; a closed one it may have closed for good.
        const isHelped = status !== 'CLOSED' && this.client.realtime.isConnected()
        const { listenMs } = this.timing
        const retryMs = isHelped ? listenMs : Math.min(RETRY_MS * 2 ** this.attempts, listenMs)
        this.lose(error?.message ?? `channel ${status.toLowerCase()}`, { table, retryMs })
      })
  }

  private take(table: Table, payload: RealtimePostgresChangesPayload<Record<string, unknown>>): void {
    this.eventsSinceCheck += 1
    const event: RowEvent = {
      type: payload.eventType,
      record: payload.eventType === 'DELETE' ? payload.old : payload.new,
      isDamaged: (payload.errors ?? []).length > 0,
    }
    switch (table) {
      case 'dreamcut_queries':
        this.tell(this.feed.takeQueryEvent(event))
        break
      case 'dreamcut_assets':
        this.tell(this.feed.takeAssetEvent(event))
        break
      case 'dreamcut_messages':
        this.tell(this.feed.takeMessageEvent(event))
        break
    }
    if (this.feed.isBehind) this.readSoon(this.timing.gapMs)
  }

  private listens(table: Table): void {
    this.listening.add(table)
    if (this.listening.size < TABLES.length) return
    clearTimeout(this.listenTimer)
    this.listenTimer = undefined
    // Only what is committed from now on is told: read what was before.
    this.readSoon(0)
  }

  private becomeLive(): void {
    this.attempts = 0
    this.complaints.clear()
    this.changeState('live')
  }

  /** Changes of a table, or of all, do not arrive. The library tries again; if that takes long, so do we. */
  private lose(reason: string, { table, retryMs }: { table?: Table; retryMs?: number } = {}): void {
    if (this.state === 'closed') return
    if (table === undefined) this.listening.clear()
    else this.listening.delete(table)
    if (this.state === 'live') this.changeState('reconnecting')
    this.complainOnce(new DreamCutError('connection_lost', reason))
    this.listenTimer ??= setTimeout(() => void this.reopen(), jittered(retryMs ?? this.timing.listenMs))
    this.readSoon(jittered(this.timing.pollMs))
  }

  private async reopen(): Promise<void> {
    clearTimeout(this.listenTimer)
    this.listenTimer = undefined
    if (this.state === 'closed') return
    this.opening += 1
    this.listening.clear()
    void this.leave()
    await this.open()
  }

  private async leave(): Promise<void> {
    const channels = this.channels
    this.channels = []
    const ofClient = mapOf(leaving, this.client)
    const { queryId } = this.feed
    const left = Promise.all([
      ofClient.get(queryId),
      ...channels.map(async (channel) => {
        await channel.unsubscribe(LEAVE_MS)
        channel.teardown()
      }),
    ]).then(() => {
      if (ofClient.get(queryId) === left) ofClient.delete(queryId)
    })
    ofClient.set(queryId, left)
    await left
  }

  // Telling ---------------------------------------------------------------------------------------------------

  private tell(changes: readonly Change[]): void {
    if (changes.length === 0) return
    for (const listener of this.listeners) if (listener.isJoined) listener.hear(changes)
  }

  private changeState(state: SubscriptionState): void {
    if (state === this.state || this.state === 'closed') return
    this.state = state
    for (const listener of this.listeners) if (listener.isJoined) listener.hearState(state)
  }

  /** Not the same again and again while one trouble lasts. */
  private complainOnce(error: DreamCutError): void {
    if (this.complaints.has(error.code)) return
    this.complaints.add(error.code)
    for (const listener of this.listeners) listener.hearError(error)
  }

  private readonly resume = (): void => {
    if (globalThis.document?.visibilityState === 'hidden') return
    this.failures = 0
    this.readSoon(0)
    if (this.state !== 'live' || !this.client.realtime.isConnected()) void this.reopen()
  }
}

/** Spread over a fifth, so that a thousand tabs do not ask at once. */
function jittered(delayMs: number): number {
  return delayMs * (0.9 + Math.random() * 0.2)
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
