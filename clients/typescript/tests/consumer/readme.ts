/** The README's own code, where a compiler sees it; what it takes from the page is declared. */

import type { SupabaseClient } from '@supabase/supabase-js'

import type { NewAsset } from '@/lib/supabase/dreamcut-realtime'

declare const supabase: SupabaseClient
declare const userId: string
declare const prompt: string
declare const assets: NewAsset[]
declare function useState<T>(initial: T): [T, (next: T | ((known: T) => T)) => void]
declare function useEffect(effect: () => () => void, dependencies: unknown[]): void

import { createDreamCutManager, type DreamCutMessage } from '@/lib/supabase/dreamcut-realtime'

const manager = createDreamCutManager(supabase) // your client, with its session

const queryId = await manager.initializeQuery(userId, prompt, assets)

// prettier-ignore
export function Feed(): void {
const [messages, setMessages] = useState<DreamCutMessage[]>([])
useEffect(() => {
  setMessages([])
  return manager.subscribeToQuery(queryId, { onNewMessage: (message) => setMessages((known) => [...known, message]) })
}, [queryId])
console.log(messages)
}
