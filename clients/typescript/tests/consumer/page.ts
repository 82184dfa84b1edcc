/** A page as front ends of the earlier DreamCut are written: subscribe, then load, then show. */

import { createDreamCutManager } from '@/lib/supabase/dreamcut-realtime'
import type { DreamCutAsset, DreamCutMessage, DreamCutQuery } from '@/lib/supabase/dreamcut-realtime'

export interface State {
  query: DreamCutQuery | null
  assets: Record<string, DreamCutAsset>
  messages: DreamCutMessage[]
}

export async function showQuery(queryId: string, render: (state: State) => void): Promise<() => void> {
  const manager = createDreamCutManager()
  let state: State = { query: null, assets: {}, messages: [] }
  const set = (change: Partial<State>): void => {
    state = { ...state, ...change }
    render(state)
  }
  const unsubscribe = manager.subscribeToQuery(queryId, {
    onQueryUpdate: (query) => set({ query }),
    onAssetUpdate: (asset) => set({ assets: { ...state.assets, [asset.id]: asset } }),
    onNewMessage: (message) => set({ messages: [...state.messages, message] }),
    onError: (error) => console.error('realtime:', error),
  })
  const { success, query, assets, messages, error } = await manager.getQuery(queryId)
  if (success && query) {
    const byId = (assets ?? []).reduce((known, asset) => ({ ...known, [asset.id]: asset }), {})
    set({ query, assets: byId, messages: messages ?? [] })
  } else {
    const failure: DreamCutMessage = {
      id: `error_${Date.now()}`,
      query_id: '',
      type: 'error',
      content: error ?? 'Unknown error',
      emoji: '❌',
      data: {},
      created_at: new Date().toISOString(),
    }
    set({ messages: [failure] })
  }
  return unsubscribe
}
