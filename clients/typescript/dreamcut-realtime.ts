/**
 * DreamCut in a front end: start a query, follow it, read it again.
 *
 *     const manager = createDreamCutManager(supabase)
 *     const queryId = await manager.initializeQuery(userId, prompt, assets)
 *     const unsubscribe = manager.subscribeToQuery(queryId, { onNewMessage: show })
 */

import { createClient, type SupabaseClient } from '@supabase/supabase-js'

import {
  Feed,
  type AssetType,
  type DreamCutAsset,
  type DreamCutQuery,
  type Intent,
  type JsonObject,
  type NumberedMessage,
  type QueryStatus,
} from './feed'
import type { Database, Json } from './database.types'
import { Listener, type QueryCallbacks } from './listener'
import { catchUp, DreamCutError, outcome, readAnalysis, readBrief } from './reading'
import { follow, followedQuery, TIMING, type Timing } from './subscription'

export { DreamCutError, type DreamCutErrorCode } from './reading'
export type { QueryCallbacks, SubscriptionState } from './listener'
export type { Timing } from './subscription'
export type { Database, Json } from './database.types'
export type * from './feed'

/** A file of a new query. */
export interface NewAsset {
  url: string
  type: AssetType
  filename?: string | undefined
  description?: string | undefined
  file_size_bytes?: number | undefined
  metadata?: JsonObject | undefined
}

export interface NewQueryOptions {
  /** What is to be made; absent: the prompt decides, which the pipeline reads. */
  intent?: Intent
  /** What the user fixed beside the prompt, and what the front end keeps there. */
  options?: JsonObject
  /** The same key of the same user is the same query: a repeat starts nothing. One is made up where absent. */
  idempotencyKey?: string
}

/** What came of a request; exactly one of the two: the fields beside `success`, or `error`. */
export interface Started {
  success: boolean
  queryId?: string
  error?: string
}

export interface FoundQuery {
  success: boolean
  query?: DreamCutQuery
  assets?: DreamCutAsset[]
  messages?: NumberedMessage[]
  error?: string
}

export interface FoundQueries {
  success: boolean
  queries?: DreamCutQuery[]
  total?: number
  error?: string
}

export interface ManagerOptions {
  timing?: Partial<Timing>
}

// Repeats after the request did not get through; harmless, as the key makes them the same request.
const RETRY_DELAYS_MS = [500, 2_000]
const LISTED_QUERIES = 50

export class DreamCutRealtimeManager {
  /** The supabase-js client that everything goes through, with its session. */
  readonly supabase: SupabaseClient<Database>
  private readonly timing: Timing

  constructor(client: SupabaseClient, options?: ManagerOptions)
  constructor(supabaseUrl: string, supabaseKey: string, options?: ManagerOptions)
  constructor(target: SupabaseClient | string, second?: string | ManagerOptions, third?: ManagerOptions) {
    const options = typeof second === 'string' ? third : second
    this.supabase = typeof target === 'string' ? clientOf(target, String(second)) : target
    this.timing = { ...TIMING, ...options?.timing }
  }

  /**
   * Start a query and return its id.
   *
   * @throws DreamCutError `read_failed`: nothing was started, unless the answer was lost on its way.
   */
  initializeQuery(
    userId: string,
    prompt: string,
    assets: readonly NewAsset[],
    options?: NewQueryOptions,
  ): Promise<string>
  /** The earlier form: never throws, says in its answer what came of it. */
  initializeQuery(
    userId: string,
    prompt: string,
    intent: Intent,
    assets: readonly NewAsset[],
    options?: JsonObject,
  ): Promise<Started>
  async initializeQuery(
    userId: string,
    prompt: string,
    third: Intent | readonly NewAsset[],
    fourth?: NewQueryOptions | readonly NewAsset[],
    fifth?: JsonObject,
  ): Promise<string | Started> {
    if (typeof third !== 'string') {
      return this.start(userId, prompt, third, (fourth ?? {}) as NewQueryOptions)
    }
    try {
      const assets = (fourth ?? []) as readonly NewAsset[]
      const queryId = await this.start(userId, prompt, assets, { intent: third, options: fifth ?? {} })
      return { success: true, queryId }
    } catch (error) {
      return { success: false, error: messageOf(error) }
    }
  }

  /**
   * Follow a query: what is known of it, then every change.
   *
   * Each message arrives once and in order; rows arrive whole and only forwards; the end of the query arrives
   * after everything else. Callbacks are called one at a time, never before this returns. What it returns ends
   * it, at once, as often as you like. `afterSeq` leaves out messages up to this number.
   */
  subscribeToQuery(
    queryId: string,
    callbacks: QueryCallbacks,
    options: { afterSeq?: number } = {},
  ): () => void {
    return follow(this.supabase, queryId, new Listener(callbacks, options.afterSeq ?? 0), this.timing)
  }

  /**
   * Read a query with its assets and messages; the payload is the whole brief once the query has ended.
   *
   * Where the query is followed on the same client, the callbacks hear first of everything in the answer, so
   * that a page may set its state from it and let the callbacks go on from there.
   */
  async getQuery(queryId: string): Promise<FoundQuery> {
    try {
      const followed = followedQuery(this.supabase, queryId)
      const feed = followed?.feed ?? new Feed(queryId)
      if (followed) await followed.refresh()
      else await catchUp(this.supabase, feed, { signal: this.limit(), emit: () => undefined })
      if (feed.query === undefined)
        throw new DreamCutError('read_failed', 'The subscription ended meanwhile.')
      return { success: true, query: feed.query, assets: feed.assets, messages: [...feed.messages] }
    } catch (error) {
      return { success: false, error: messageOf(error) }
    }
  }

  /** List a user's queries, newest first; `total` counts all that match. */
  async getUserQueries(
    userId: string,
    options: { limit?: number; offset?: number; status?: QueryStatus } = {},
  ): Promise<FoundQueries> {
    const { limit = LISTED_QUERIES, offset = 0, status } = options
    try {
      const ofUser = this.supabase
        .from('dreamcut_queries')
        .select('*', { count: 'exact' })
        .eq('user_id', userId)
      const answer = await (status ? ofUser.eq('status', status) : ofUser)
        .order('created_at', { ascending: false })
        .order('id')
        .range(offset, offset + limit - 1)
        .abortSignal(this.limit())
      const queries = outcome(answer, 'dreamcut_queries') as DreamCutQuery[]
      return { success: true, queries, total: answer.count ?? queries.length }
    } catch (error) {
      return { success: false, error: messageOf(error) }
    }
  }

  /**
   * Return the whole brief, also where the row holds an outline; null before completion.
   *
   * @throws DreamCutError `read_failed`.
   */
  getBrief(queryId: string): Promise<JsonObject | null> {
    return readBrief(this.supabase, queryId, this.limit())
  }

  /**
   * Return the whole findings of an asset, also where the row holds an outline; null before the first.
   *
   * @throws DreamCutError `read_failed`.
   */
  getAnalysis(assetId: string): Promise<JsonObject | null> {
    return readAnalysis(this.supabase, assetId, this.limit())
  }

  private async start(
    userId: string,
    prompt: string,
    assets: readonly NewAsset[],
    { intent, options = {}, idempotencyKey }: NewQueryOptions,
  ): Promise<string> {
    const asked = intent === undefined ? { ...options, intent: 'auto' } : options
    // Absent where a page is not served over https; then a lost request is not repeated.
    const key: string | undefined = idempotencyKey ?? globalThis.crypto?.randomUUID?.()
    for (const delayMs of key === undefined ? [] : RETRY_DELAYS_MS) {
      const answer = await this.request(userId, prompt, intent ?? 'mixed', asked, assets, key)
      if (answer.error === null || answer.status !== 0) return outcome(answer, 'initialize_dreamcut_query')
      await new Promise((resolve) => setTimeout(resolve, delayMs))
    }
    return outcome(
      await this.request(userId, prompt, intent ?? 'mixed', asked, assets, key),
      'initialize_dreamcut_query',
    )
  }

  private async request(
    userId: string,
    prompt: string,
    intent: Intent,
    options: JsonObject,
    assets: readonly NewAsset[],
    key: string | undefined,
  ) {
    return this.supabase
      .rpc('initialize_dreamcut_query', {
        p_user_id: userId,
        p_user_prompt: prompt,
        p_intent: intent,
        p_options: options,
        p_assets: assets as unknown as Json,
        ...(key === undefined ? {} : { p_idempotency_key: key }),
      })
      .abortSignal(this.limit())
  }

  private limit(): AbortSignal {
    return AbortSignal.timeout(this.timing.readMs)
  }
}

/**
 * Return a manager on your supabase-js client, which keeps its session; on a new client for an address and a key;
 * or, without arguments, for NEXT_PUBLIC_SUPABASE_URL and NEXT_PUBLIC_SUPABASE_ANON_KEY.
 *
 * @throws Error where no address or key is given.
 */
export function createDreamCutManager(
  client: SupabaseClient,
  options?: ManagerOptions,
): DreamCutRealtimeManager
export function createDreamCutManager(
  supabaseUrl?: string,
  supabaseKey?: string,
  options?: ManagerOptions,
): DreamCutRealtimeManager
export function createDreamCutManager(
  target?: SupabaseClient | string,
  second?: string | ManagerOptions,
  third?: ManagerOptions,
): DreamCutRealtimeManager {
  if (typeof target === 'object')
    return new DreamCutRealtimeManager(target, second as ManagerOptions | undefined)
  const url = target || environment().url
  const key = (second as string | undefined) || environment().key
  if (!url || !key) {
    throw new Error(
      'Give createDreamCutManager a supabase-js client, or set NEXT_PUBLIC_SUPABASE_URL and NEXT_PUBLIC_SUPABASE_ANON_KEY.',
    )
  }
  return new DreamCutRealtimeManager(url, key, third)
}

/** The earlier form of `createDreamCutManager`; safe to call in every render. */
export function useDreamCutRealtime(supabaseUrl: string, supabaseKey: string): DreamCutRealtimeManager {
  return createDreamCutManager(supabaseUrl, supabaseKey)
}

// Nobody else uses such a client: with the last channel its socket may go. Earlier versions of the library let it go anyway and
// know only the other option, which is at its default.
const PRIVATE_SOCKET = { timeout: 10_000, disconnectOnEmptyChannelsAfterMs: 1_000 }

const clients = new Map<string, SupabaseClient<Database>>()

/** In a browser one client for an address and a key, however often it is asked for; on a server a new one each time, as
 * requests of several users must not share a session. */
function clientOf(url: string, key: string): SupabaseClient<Database> {
  const isBrowser = typeof window !== 'undefined'
  const name = `${url} ${key}`
  const known = isBrowser ? clients.get(name) : undefined
  if (known) return known
  const client = createClient<Database>(url, key, {
    ...(isBrowser ? {} : { auth: { persistSession: false, autoRefreshToken: false } }),
    realtime: PRIVATE_SOCKET,
  })
  if (isBrowser) clients.set(name, client)
  return client
}

// Without Node's types, which a front end need not have.
declare const process: { env: Record<string, string | undefined> }

/** Written out in full: bundlers put the values in the place of exactly these words, and there may be no `process`. */
function environment(): { url: string | undefined; key: string | undefined } {
  try {
    return {
      url: process.env.NEXT_PUBLIC_SUPABASE_URL,
      key: process.env.NEXT_PUBLIC_SUPABASE_ANON_KEY ?? process.env.NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY,
    }
  } catch {
    return { url: undefined, key: undefined }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
