/**
 * Visit the page with the keys of a worker, be the worker as well, and print what the page shows in the end.
 *
 * Then nothing of ours is left, so the process ends by itself.
 */

import WebSocket from 'ws'

// What a browser has and Node 20 has not.
globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket

const { createDreamCutManager } = await import('@/lib/supabase/dreamcut-realtime')
const { showQuery } = await import('./page')

const manager = createDreamCutManager()
const queryId = await manager.initializeQuery('ada', 'A calm minute by the sea', [])

let finish: () => void = () => undefined
const finished = new Promise<void>((resolve) => (finish = resolve))
const shown: string[] = []
const unsubscribe = await showQuery(queryId, ({ query, messages }) => {
  shown.splice(0, shown.length, ...messages.map(({ emoji, content }) => `${emoji} ${content}`))
  if (query?.status === 'completed') finish()
})
await manager.supabase.rpc('finish_dreamcut_query', { p_query_id: queryId, p_payload: { title: 'Sea' } })
await finished
unsubscribe()
console.log(shown.join('\n'))
