/** Whoever follows a query, and how they are told: one callback at a time, whatever the callbacks do. */

import type { Change, DreamCutAsset, DreamCutQuery, NumberedMessage } from './feed'
import { DreamCutError } from './reading'

/** `live`: changes arrive and nothing is missing. In all other states the tables are read now and then. */
export type SubscriptionState = 'connecting' | 'live' | 'reconnecting' | 'closed'

export interface QueryCallbacks {
  onQueryUpdate?: (query: DreamCutQuery) => void
  onAssetUpdate?: (asset: DreamCutAsset) => void
  onAssetRemoved?: (assetId: string) => void
  onNewMessage?: (message: NumberedMessage) => void
  onStateChange?: (state: SubscriptionState) => void
  onError?: (error: DreamCutError) => void
}

export class Listener {
  private readonly queue: (() => void)[] = []
  private isCalling = false
  isActive = true
  isJoined = false

  constructor(
    private readonly callbacks: QueryCallbacks,
    /** The application has the messages up to this number already. */
    private readonly afterSeq: number,
  ) {}

  hear(changes: readonly Change[]): void {
    this.call(changes.map((change) => () => this.tell(change)))
  }

  hearState(state: SubscriptionState): void {
    this.call([() => this.callbacks.onStateChange?.(state)])
  }

  hearError(error: DreamCutError): void {
    this.call([() => this.report(error)])
  }

  private tell(change: Change): unknown {
    switch (change.kind) {
      case 'query':
        return this.callbacks.onQueryUpdate?.(change.row)
      case 'asset':
        return this.callbacks.onAssetUpdate?.(change.row)
      case 'asset removed':
        return this.callbacks.onAssetRemoved?.(change.id)
      case 'message':
        return change.row.seq > this.afterSeq ? this.callbacks.onNewMessage?.(change.row) : undefined
    }
  }

  /** One after the other, also when a callback causes the next call. */
  private call(calls: readonly (() => unknown)[]): void {
    this.queue.push(...calls)
    if (this.isCalling) return
    this.isCalling = true
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      if (!this.isActive) continue
      try {
        const answer: unknown = next()
        // An async callback is not waited for, but its failure is not lost.
        if (answer instanceof Promise) answer.catch((error: unknown) => this.complain(error))
      } catch (error) {
        this.complain(error)
      }
    }
    this.isCalling = false
  }

  private complain(cause: unknown): void {
    if (!this.isActive) return
    try {
      this.report(new DreamCutError('callback_failed', 'A callback threw.', { cause }))
    } catch (error) {
      console.error('DreamCut: onError threw', error)
    }
  }

  private report(error: DreamCutError): void {
    if (this.callbacks.onError) this.callbacks.onError(error)
    else console.error('DreamCut: a subscription without onError', error)
  }
}
