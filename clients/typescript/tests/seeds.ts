/** Chance that can be had again: a generator of one number (mulberry32). */

export class Chance {
  constructor(private state: number) {}

  /** From 0, below 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0, below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }
}

/** How many seeds a fuzz test runs, and from which on: DREAMCUT_SEEDS=200, or 200:1000 for 200 from 1000 on. */
export function seeds(usual: number): number[] {
  const [count, first] = (process.env['DREAMCUT_SEEDS'] ?? '').split(':').map(Number)
  return Array.from({ length: count || usual }, (_, index) => (first ?? 1) + index)
}
