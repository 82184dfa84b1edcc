/** What a feed needs, read over REST. */

import type { SupabaseClient } from '@supabase/supabase-js'

import type { Database } from './database.types'
import type { Change, DreamCutAsset, DreamCutQuery, Feed, Heads, JsonObject, NumberedMessage } from './feed'

export type Client = SupabaseClient<Database>

// Not above a project's "max rows", which is 1000 where nobody changed it; a lower one only costs more requests.
const PAGE_ROWS = 1000

/** What can go wrong; `message` says what to do where something can be done. */
export type DreamCutErrorCode =
  | 'not_found' // no such query, or not the signed-in user's
  | 'deleted' // the query was there and is gone
  | 'read_failed' // the database could not be asked, or refused; it is asked again
  | 'connection_lost' // changes do not arrive; the tables are read now and then meanwhile
  | 'callback_failed' // one of your callbacks threw; its error is the cause

export class DreamCutError extends Error {
  constructor(
    readonly code: DreamCutErrorCode,
    message: string,
    options?: { cause: unknown },
  ) {
    super(message, options)
    this.name = 'DreamCutError'
  }
}

type Answer<T> = { data: T; error: null } | { data: null; error: { message: string; code: string } }

/**
 * Read until the feed lacks nothing or reading more does not help; hand on the changes as they come.
 *
 * @throws DreamCutError `not_found`, `read_failed`.
 */
export async function catchUp(
  client: Client,
  feed: Feed,
  { signal, emit }: { signal: AbortSignal; emit: (changes: Change[]) => void },
): Promise<void> {
  const mark = feed.mark()
  if (feed.query === undefined) {
    const [query, assets, messages] = await Promise.all([
      readQuery(client, feed, signal),
      readAssets(client, feed, signal),
      readMessages(client, feed, signal),
    ])
    emit([...feed.takeQuery(query), ...feed.takeAssets(assets), ...feed.takeMessages(messages)])
    emit(feed.compare({ query, assets }, mark))
  } else {
    emit(feed.compare(await readHeads(client, feed, signal), mark))
  }
  let hasMore = true
  while (hasMore && feed.isBehind) hasMore = await readNeeds(client, feed, { signal, emit })
}

/** Read what the feed needs; false when that brought nothing. */
async function readNeeds(
  client: Client,
  feed: Feed,
  { signal, emit }: { signal: AbortSignal; emit: (changes: Change[]) => void },
): Promise<boolean> {
  const needs = feed.needs()
  const mark = feed.mark()
  const [heads, query, assets, messages, brief] = await Promise.all([
    needs.heads ? readHeads(client, feed, signal) : undefined,
    needs.query ? readQuery(client, feed, signal) : undefined,
    needs.assets.length > 0 ? readAssets(client, feed, signal, needs.assets) : undefined,
    needs.messages ? readMessages(client, feed, signal) : undefined,
    needs.brief ? readBrief(client, feed.queryId, signal) : undefined,
  ])
  const changes = [
    ...(query ? feed.takeQuery(query) : []),
    ...(assets ? feed.takeAssets(assets) : []),
    ...(messages ? feed.takeMessages(messages) : []),
    ...(heads ? feed.compare(heads, mark) : []),
    ...(brief !== undefined ? feed.takeBrief(brief) : []),
  ]
  emit(changes)
  return needs.heads || changes.length > 0 || feed.needs().heads
}

async function readQuery(client: Client, feed: Feed, signal: AbortSignal): Promise<DreamCutQuery> {
  const request = client.from('dreamcut_queries').select('*').eq('id', feed.queryId).abortSignal(signal)
  const row = outcome(await settled(request.maybeSingle()), 'dreamcut_queries')
  if (row === null) throw notFound(feed)
  return row as DreamCutQuery // the check constraints of the table say so
}

async function readAssets(
  client: Client,
  feed: Feed,
  signal: AbortSignal,
  ids?: readonly string[],
): Promise<DreamCutAsset[]> {
  const ours = client.from('dreamcut_assets').select('*').eq('query_id', feed.queryId)
  const request = (ids ? ours.in('id', [...ids]) : ours).order('position')
  return outcome(await settled(request.abortSignal(signal)), 'dreamcut_assets') as DreamCutAsset[]
}

async function readMessages(client: Client, feed: Feed, signal: AbortSignal): Promise<NumberedMessage[]> {
  const request = client
    .from('dreamcut_messages')
    .select('*')
    .eq('query_id', feed.queryId)
    .gt('seq', feed.deliveredSeq)
    .order('seq')
    .limit(PAGE_ROWS)
  return outcome(await settled(request.abortSignal(signal)), 'dreamcut_messages') as NumberedMessage[]
}

async function readHeads(client: Client, feed: Feed, signal: AbortSignal): Promise<Heads> {
  const query = client
    .from('dreamcut_queries')
    .select('revision, last_message_seq')
    .eq('id', feed.queryId)
    .abortSignal(signal)
    .maybeSingle()
  const assets = client.from('dreamcut_assets').select('id, revision').eq('query_id', feed.queryId)
  const [queryAnswer, assetsAnswer] = await Promise.all([settled(query), settled(assets.abortSignal(signal))])
  const head = outcome(queryAnswer, 'dreamcut_queries')
  if (head === null) throw notFound(feed)
  return { query: head, assets: outcome(assetsAnswer, 'dreamcut_assets') }
}

/** The whole brief of a query; null before completion, and where the query is not the caller's. */
export async function readBrief(
  client: Client,
  queryId: string,
  signal: AbortSignal,
): Promise<JsonObject | null> {
  const request = client.rpc('dreamcut_brief', { p_query_id: queryId })
  return outcome(await settled(request.abortSignal(signal)), 'dreamcut_brief') as JsonObject | null
}

/** The whole findings of an asset; null before the first, and where the asset is not the caller's. */
export async function readAnalysis(
  client: Client,
  assetId: string,
  signal: AbortSignal,
): Promise<JsonObject | null> {
  const request = client.rpc('dreamcut_analysis', { p_asset_id: assetId })
  return outcome(await settled(request.abortSignal(signal)), 'dreamcut_analysis') as JsonObject | null
}

function notFound(feed: Feed): DreamCutError {
  return feed.query
    ? new DreamCutError('deleted', `Query ${feed.queryId} has been deleted.`)
    : new DreamCutError('not_found', `There is no query ${feed.queryId} for the signed-in user.`)
}

/** Wait for a request; the client throws where it could not even ask. */
async function settled<T>(request: PromiseLike<T>): Promise<T> {
  try {
    return await request
  } catch (error) {
    throw new DreamCutError('read_failed', error instanceof Error ? error.message : 'The request failed.', {
      cause: error,
    })
  }
}

/**
 * Return the data of an answer.
 *
 * @throws DreamCutError `read_failed`.
 */
export function outcome<T>(answer: Answer<T>, what: string): T {
  if (answer.error === null) return answer.data
  const { error } = answer
  const isOlder = ['42703', 'PGRST202', 'PGRST204', 'PGRST205', '42P01', '42883'].includes(error.code)
  const advice = isOlder ? ' Is the database older than this client? Apply the migrations.' : ''
  throw new DreamCutError('read_failed', `${what}: ${error.message}${advice}`, { cause: error })
}
