import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Feed, type Change } from '../../feed'
import { Chance, seeds } from '../seeds'
import { catchUp, Database, QUERY_ID, send, type Sent } from './database'

/** What a front end has that only listens. */
class Screen {
  query: unknown
  readonly assets = new Map<string, { revision: number }>()
  readonly messages: number[] = []
  revision = 0

  show(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'message') {
        assert.ok(change.row.seq > (this.messages.at(-1) ?? 0), 'a message out of order')
        this.messages.push(change.row.seq)
      } else if (change.kind === 'query') {
        assert.ok(change.row.revision > this.revision, 'the query went backwards')
        this.revision = change.row.revision
        this.query = change.row
      } else if (change.kind === 'asset') {
        assert.ok(
          change.row.revision > (this.assets.get(change.row.id)?.revision ?? 0),
          'an asset went backwards',
        )
        this.assets.set(change.row.id, change.row)
      } else {
        assert.ok(this.assets.delete(change.id), 'a removed asset that was never shown')
      }
    }
  }
}

function step(database: Database, chance: Chance): Sent[] {
  const asset = chance.below(Math.max(1, database.assets.length))
  switch (chance.below(8)) {
    case 0:
      return database.addAsset()
    case 1:
      return chance.happens(0.2) ? database.deleteAsset(asset) : []
    case 2:
    case 3:
      return database.moveAsset(asset, chance.below(100), { keeps: chance.happens(0.5) })
    case 4:
      return database.changeQuery({ progress: chance.below(100) })
    default:
      return database.say(`${chance.next()}`)
  }
}

/** Lose, double, shorten and shuffle, as a bad line and a busy server do. */
function deliver(sent: readonly Sent[], chance: Chance): Sent[] {
  const arrived = sent.flatMap((one) => {
    if (chance.happens(0.15)) return []
    if (chance.happens(0.05)) return [{ ...one, event: { ...one.event, record: {}, isDamaged: true } }]
    return chance.happens(0.1) ? [one, one] : [one]
  })
  for (let index = arrived.length - 1; index > 0 && chance.happens(0.4); index -= 1) {
    const other = chance.below(index + 1)
    const [one, two] = [arrived[index], arrived[other]]
    if (one && two) [arrived[index], arrived[other]] = [two, one]
  }
  return arrived
}

test('whatever happens to the events, what is told ends as the tables are', () => {
  for (const seed of seeds(2_000)) {
    const chance = new Chance(seed)
    const database = new Database()
    const feed = new Feed(QUERY_ID)
    const screen = new Screen()
    let onTheWay: Sent[] = []
    const hasEnd = chance.happens(0.7)
    const steps = 5 + chance.below(40)
    for (let number = 0; number < steps; number += 1) {
      onTheWay.push(...step(database, chance))
      if (chance.happens(0.5)) {
        screen.show(send(feed, deliver(onTheWay, chance)))
        onTheWay = []
      }
      if (chance.happens(0.1)) screen.show(catchUp(feed, database, { pageRows: 1 + chance.below(5) }))
    }
    if (hasEnd) {
      onTheWay.push(...database.end('completed', { seed }, { asOutline: chance.happens(0.5) }))
      const before = screen.messages.length
      screen.show(send(feed, deliver(onTheWay, chance)))
      assert.ok(before <= screen.messages.length)
    }
    screen.show(catchUp(feed, database))

    const why = `seed ${seed}`
    assert.ok(!feed.isBehind, why)
    assert.deepEqual(
      screen.messages,
      database.messages.map(({ seq }) => seq),
      why,
    )
    assert.deepEqual([...screen.assets.values()].sort(byId), [...database.assets].sort(byId), why)
    const payload = hasEnd ? database.brief : database.query.payload
    assert.deepEqual(screen.query, { ...database.query, payload }, why)
  }
})

function byId(one: object, other: object): number {
  return String(Reflect.get(one, 'id')).localeCompare(String(Reflect.get(other, 'id')))
}
