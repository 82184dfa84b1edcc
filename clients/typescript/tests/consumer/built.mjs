// The built file, in plain Node: no TypeScript, no loader.
import assert from 'node:assert/strict'

import { createDreamCutManager, DreamCutRealtimeManager } from '../../dist/dreamcut-realtime.js'
import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'

const client = createClient(process.env.NEXT_PUBLIC_SUPABASE_URL, process.env.NEXT_PUBLIC_SUPABASE_ANON_KEY, {
  auth: { persistSession: false },
  realtime: { transport: WebSocket },
})
const manager = createDreamCutManager(client)
assert.ok(manager instanceof DreamCutRealtimeManager)
const queryId = await manager.initializeQuery('ada', 'A calm minute by the sea', [])
const { success, messages } = await manager.getQuery(queryId)
assert.ok(success)
console.log(messages.map(({ content }) => content).join('\n'))
