/** A page that only listens: it keeps what the callbacks bring, and can wait for something to come true. */

import type { DreamCutAsset, DreamCutQuery, NumberedMessage } from '../feed'
import type { QueryCallbacks, SubscriptionState } from '../listener'
import type { DreamCutError } from '../reading'

export class Audience {
  readonly queries: DreamCutQuery[] = []
  readonly assets = new Map<string, DreamCutAsset>()
  readonly removed: string[] = []
  readonly messages: NumberedMessage[] = []
  readonly states: SubscriptionState[] = []
  readonly errors: DreamCutError[] = []
  /** What came, in order: "query 3", "asset 2", "message 7". */
  readonly log: string[] = []
  private readonly waiting = new Set<() => void>()

  readonly callbacks: Required<QueryCallbacks> = {
    onQueryUpdate: (query) => this.hear(() => this.queries.push(query), `query ${query.revision}`),
    onAssetUpdate: (asset) => this.hear(() => this.assets.set(asset.id, asset), `asset ${asset.revision}`),
    onAssetRemoved: (id) =>
      this.hear(() => {
        this.assets.delete(id)
        this.removed.push(id)
      }, 'asset removed'),
    onNewMessage: (message) => this.hear(() => this.messages.push(message), `message ${message.seq}`),
    onStateChange: (state) => this.hear(() => this.states.push(state), state),
    onError: (error) => this.hear(() => this.errors.push(error), error.code),
  }

  get query(): DreamCutQuery | undefined {
    return this.queries.at(-1)
  }

  get seqs(): number[] {
    return this.messages.map(({ seq }) => seq)
  }

  get isLive(): boolean {
    return this.states.at(-1) === 'live'
  }

  /** Wait until something holds, looking after each callback; the test's time limit ends a wait in vain. */
  async until(holds: () => boolean): Promise<void> {
    if (holds()) return
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!holds()) return
        this.waiting.delete(look)
        resolve()
      }
      this.waiting.add(look)
    })
  }

  private hear(keep: () => void, what: string): void {
    keep()
    this.log.push(what)
    for (const look of [...this.waiting]) look()
  }
}

/** 1, 2, 3, … up to a number. */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1)
}
