/** A Supabase project to test against: the gateway over a real Postgres, as a child process that can be killed. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { createClient, type SupabaseClient, type SupabaseClientOptions } from '@supabase/supabase-js'
import WebSocket from 'ws'

import type { Database, Json } from '../database.types'
import type { Intent } from '../feed'
import type { Timing } from '../subscription'

export type Client = SupabaseClient<Database>

interface Said {
  url: string
  anon_key: string
  service_role_key: string
}

/** Everything sooner than a user would want it. */
export const QUICK: Timing = { checkMs: 1_000, pollMs: 200, gapMs: 20, listenMs: 3_000, readMs: 2_000 }

const command = JSON.parse(process.env['DREAMCUT_GATEWAY'] ?? '[]') as string[]

export class Project {
  private process: ChildProcess | undefined
  private port = 0
  private said: Said | undefined

  /** Start it, on the port it had, and wait until it listens. */
  async start(): Promise<this> {
    const [program, ...rest] = command
    if (program === undefined)
      throw new Error('DREAMCUT_GATEWAY is not set: run these tests by pytest tests/clients')
    const started = spawn(program, [...rest, '--port', String(this.port)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.process = started
    const lines = createInterface(started.stdout)
    const [line] = (await once(lines, 'line')) as [string]
    this.said = JSON.parse(line) as Said
    this.port = Number(new URL(this.said.url).port)
    return this
  }

  /** End it as a crash does. */
  async kill(): Promise<void> {
    const running = this.process
    this.process = undefined
    if (running === undefined) return
    const ended = once(running, 'exit')
    running.kill('SIGKILL')
    await ended
  }

  get url(): string {
    return this.known.url
  }

  get anonKey(): string {
    return this.known.anon_key
  }

  private get known(): Said {
    if (this.said === undefined) throw new Error('the gateway was not started')
    return this.said
  }

  /** As a front end that nobody has signed in to. */
  anon(options: SupabaseClientOptions<'public'> = {}): Client {
    return this.client(this.known.anon_key, options)
  }

  /** As a worker. */
  service(): Client {
    return this.client(this.known.service_role_key, {})
  }

  /** As somebody who has just signed up. */
  async user(options: SupabaseClientOptions<'public'> = {}): Promise<{ client: Client; userId: string }> {
    const client = this.anon(options)
    const email = `${crypto.randomUUID()}@example.com`
    const { data, error } = await client.auth.signUp({ email, password: 'a-password-of-a-test' })
    if (error || data.user === null) throw error ?? new Error('nobody signed up')
    return { client, userId: data.user.id }
  }

  private client(key: string, options: SupabaseClientOptions<'public'>): Client {
    return createClient<Database>(this.url, key, {
      ...options,
      auth: { persistSession: false, autoRefreshToken: false },
      realtime: {
        // Node 20 has no WebSocket of its own.
        transport: WebSocket as unknown as typeof globalThis.WebSocket,
        reconnectAfterMs: () => 50,
        disconnectOnEmptyChannelsAfterMs: 1_000,
        ...options.realtime,
      },
    })
  }
}

/** What a worker does, each as one call of the database. */
export class Worker {
  constructor(readonly client: Client) {}

  async startQuery(userId: string, { assets = 1, intent = 'video' as Intent } = {}): Promise<string> {
    const given = Array.from({ length: assets }, (_, index) => ({
      url: `https://media.example/${index}.mp4`,
      type: 'video',
    }))
    const { data, error } = await this.client.rpc('initialize_dreamcut_query', {
      p_user_id: userId,
      p_user_prompt: 'A calm minute by the sea',
      p_intent: intent,
      p_assets: given,
    })
    if (error) throw error
    return data
  }

  async say(queryId: string, content: string): Promise<void> {
    const { error } = await this.client.rpc('add_dreamcut_message', {
      p_query_id: queryId,
      p_type: 'status',
      p_content: content,
    })
    if (error) throw error
  }

  async assetIds(queryId: string): Promise<string[]> {
    const { data, error } = await this.client
      .from('dreamcut_assets')
      .select('id')
      .eq('query_id', queryId)
      .order('position')
    if (error) throw error
    return data.map(({ id }) => id)
  }

  async advance(assetId: string, progress: number, analysis?: Json): Promise<void> {
    const { error } = await this.client.rpc('advance_dreamcut_asset', {
      p_asset_id: assetId,
      p_progress: progress,
      ...(progress === 100 ? { p_status: 'completed' } : {}),
      ...(analysis === undefined ? {} : { p_analysis: analysis }),
    })
    if (error) throw error
  }

  async complete(queryId: string, payload: Json): Promise<void> {
    const { error } = await this.client.rpc('finish_dreamcut_query', {
      p_query_id: queryId,
      p_payload: payload,
    })
    if (error) throw error
  }

  /** Everything of a query, as the tables have it. */
  async truth(queryId: string) {
    const { data, error } = await this.client
      .from('dreamcut_queries')
      .select('*, dreamcut_assets(*), dreamcut_messages(*)')
      .eq('id', queryId)
      .single()
    if (error) throw error
    const { dreamcut_assets: assets, dreamcut_messages: messages, ...query } = data
    return {
      query,
      assets: assets.sort((one, other) => one.position - other.position),
      messages: messages.sort((one, other) => one.seq - other.seq),
    }
  }
}
