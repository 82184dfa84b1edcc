/** A bad line: changes are lost, doubled, late; sockets break; requests fail. All by one seed. */

import WebSocket from 'ws'

import type { Chance } from './seeds'

export interface Faults {
  lost: number
  doubled: number
  late: number
  broken: number
  failedRequests: number
}

/** Each a probability: of one event, or of one request. */
export const FAULTS: Faults = { lost: 0.15, doubled: 0.1, late: 0.25, broken: 0.02, failedRequests: 0.05 }

const LATEST_MS = 60

/** As long as `isBad`, what comes in over it is disturbed. */
export class BadLine {
  isBad = true
  readonly happened = { lost: 0, doubled: 0, late: 0, broken: 0, failedRequests: 0 }

  constructor(
    private readonly chance: Chance,
    private readonly faults: Faults = FAULTS,
  ) {}

  get transport(): typeof globalThis.WebSocket {
    const line = this
    class BadSocket extends WebSocket {
      constructor(address: string | URL, protocols?: string | string[]) {
        super(address, protocols)
        let listener: ((event: { data: unknown }) => void) | null = null
        // The client sets a property; the frames reach it through the line.
        Object.defineProperty(this, 'onmessage', {
          set: (given: typeof listener) => (listener = given),
          get: () => listener,
        })
        this.on('message', (data, isBinary) => {
          const frame = isBinary ? data : data.toString()
          line.pass(frame, this, () => listener?.({ data: frame }))
        })
      }
    }
    return BadSocket as unknown as typeof globalThis.WebSocket
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    if (this.strikes('failedRequests')) throw new TypeError('fetch failed')
    const answer = await fetch(input, init)
    if (this.strikes('failedRequests')) throw new TypeError('fetch failed')
    return answer
  }

  private pass(frame: unknown, socket: WebSocket, hear: () => void): void {
    const isChange =
      typeof frame === 'string' && /"(postgres_changes|system)"/.test(frame) && !/"phx_reply"/.test(frame)
    if (!isChange) return hear()
    if (this.strikes('broken')) return socket.terminate()
    if (this.strikes('lost')) return
    if (this.strikes('doubled')) hear()
    if (this.strikes('late')) setTimeout(hear, this.chance.below(LATEST_MS))
    else hear()
  }

  private strikes(fault: keyof Faults): boolean {
    const strikes = this.isBad && this.chance.happens(this.faults[fault])
    if (strikes) this.happened[fault] += 1
    return strikes
  }
}
