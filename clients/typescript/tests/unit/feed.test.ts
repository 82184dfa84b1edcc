import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Feed } from '../../feed'
import { assetsOf, catchUp, Database, messagesOf, queriesOf, QUERY_ID, send, type Sent } from './database'

function followed(): { feed: Feed; database: Database } {
  const database = new Database()
  database.addAsset()
  const feed = new Feed(QUERY_ID)
  catchUp(feed, database)
  return { feed, database }
}

function damaged(sent: readonly Sent[], columns: readonly string[]): Sent[] {
  return sent.map(({ table, event }) => {
    const record = Object.fromEntries(Object.entries(event.record).filter(([name]) => columns.includes(name)))
    return { table, event: { ...event, record, isDamaged: true } }
  })
}

test('a message that comes early waits for those before it', () => {
  const { feed, database } = followed()
  const sent = [database.say('one'), database.say('two'), database.say('three')]
  assert.deepEqual(messagesOf(send(feed, sent[2] ?? [])), [])
  assert.deepEqual(messagesOf(send(feed, sent[0] ?? [])), [1])
  assert.deepEqual(messagesOf(send(feed, sent[1] ?? [])), [2, 3])
})

test('a message that comes twice is told once', () => {
  const { feed, database } = followed()
  const sent = database.say('one')
  assert.deepEqual(messagesOf([...send(feed, sent), ...send(feed, sent), ...catchUp(feed, database)]), [1])
})

test('a message lost at the end is missed as soon as the query tells of it', () => {
  const { feed, database } = followed()
  const [bump] = database.say('lost')
  assert.ok(bump)
  send(feed, [bump])
  assert.ok(feed.isBehind)
  assert.deepEqual(messagesOf(catchUp(feed, database)), [1])
  assert.ok(!feed.isBehind)
})

test('a loss that no event tells of is found by comparing heads', () => {
  const { feed, database } = followed()
  database.say('lost')
  database.moveAsset(0, 50, { keeps: false })
  assert.ok(!feed.isBehind)
  const changes = catchUp(feed, database)
  assert.deepEqual(messagesOf(changes), [1])
  assert.deepEqual(assetsOf(changes), database.assets)
})

test('messages longer than a page are read page by page', () => {
  const { feed, database } = followed()
  for (let number = 1; number <= 7; number += 1) database.say(`${number}`)
  assert.deepEqual(messagesOf(catchUp(feed, database, { pageRows: 3 })), [1, 2, 3, 4, 5, 6, 7])
})

test('the feed goes on behind a message that was deleted', () => {
  const { feed, database } = followed()
  database.say('one')
  database.say('two')
  const third = database.say('three')
  database.messages.splice(1, 1)
  send(feed, third)
  assert.deepEqual(messagesOf(catchUp(feed, database)), [1, 3])
  assert.ok(!feed.isBehind)
})

test('three reads that lack the newest number give it up, fewer do not', () => {
  const { feed, database } = followed()
  database.say('one')
  database.say('two')
  database.messages.pop()
  feed.compare(database.heads, feed.mark())
  feed.takeQuery(database.query)
  assert.deepEqual(messagesOf(feed.takeMessages(database.messages)), [1])
  feed.takeMessages([])
  feed.takeMessages([])
  assert.ok(feed.needs().messages)
  feed.takeMessages([])
  assert.ok(!feed.needs().messages)
})

test('an older state of a row is never told after a newer one', () => {
  const { feed, database } = followed()
  const older = database.moveAsset(0, 25, { keeps: false })
  const newer = database.moveAsset(0, 50, { keeps: false })
  assert.deepEqual(
    assetsOf(send(feed, [...newer, ...older])).map(({ progress }) => progress),
    [50],
  )
})

test('a read that was overtaken by events changes nothing', () => {
  const { feed, database } = followed()
  const { query, assets } = database
  const read = [query, assets[0]] as const
  send(feed, [...database.moveAsset(0, 50, { keeps: false }), ...database.changeQuery({ progress: 5 })])
  assert.ok(read[1])
  assert.deepEqual([...feed.takeQuery(read[0]), ...feed.takeAssets([read[1]])], [])
  assert.equal(feed.query?.progress, 5)
})

test('a large column that an update leaves out is kept from the state just before', () => {
  const { feed, database } = followed()
  send(feed, database.moveAsset(0, 25, { keeps: false }))
  const [asset] = assetsOf(send(feed, database.moveAsset(0, 50, { keeps: true })))
  assert.deepEqual(asset, database.assets[0])
  assert.deepEqual(asset?.analysis, { findings: 'as of 25' })
})

test('behind a lost update, a row without its large column is read again', () => {
  const { feed, database } = followed()
  database.moveAsset(0, 25, { keeps: false }) // lost
  assert.deepEqual(assetsOf(send(feed, database.moveAsset(0, 50, { keeps: true }))), [])
  assert.deepEqual(feed.needs().assets, ['asset-0'])
  assert.deepEqual(assetsOf(catchUp(feed, database)), database.assets)
})

test('a row whose values were dropped for their size is read again', () => {
  const { feed, database } = followed()
  const sent = damaged(database.moveAsset(0, 25, { keeps: false }), ['id', 'revision', 'progress'])
  assert.deepEqual(send(feed, sent), [])
  assert.deepEqual(assetsOf(catchUp(feed, database)), database.assets)
})

test('an event without anything in it leads to a look at the heads', () => {
  for (const sent of [new Database().say('x'), new Database().addAsset()]) {
    const { feed } = followed()
    send(feed, damaged(sent, []))
    assert.ok(feed.isBehind)
  }
})

test('a look that began before the doubt does not settle it', () => {
  const { feed, database } = followed()
  const mark = feed.mark()
  const heads = database.heads
  send(feed, damaged(database.say('late'), []))
  feed.compare(heads, mark)
  assert.ok(feed.isBehind)
})

test('a deleted asset is told as removed; a deletion of a stranger is not looked at', () => {
  const { feed, database } = followed()
  send(feed, [{ table: 'assets', event: { type: 'DELETE', record: { id: 'a-stranger' }, isDamaged: false } }])
  assert.ok(!feed.isBehind)
  send(feed, database.deleteAsset(0))
  assert.ok(feed.isBehind)
  assert.deepEqual(catchUp(feed, database), [{ kind: 'asset removed', id: 'asset-0' }])
})

test('an asset that is added while the heads are read is not taken for removed', () => {
  const { feed, database } = followed()
  const mark = feed.mark()
  const heads = database.heads
  send(feed, database.addAsset())
  assert.deepEqual(feed.compare(heads, mark), [])
  assert.equal(feed.assets.length, 2)
})

test('the end of a query is told when all else has been told', () => {
  const { feed, database } = followed()
  const sent = database.end('completed', { brief: 1 }, { asOutline: false })
  const [ended, bump, ready, ...rest] = sent
  assert.ok(ended && bump && ready)
  assert.deepEqual(
    send(feed, [ended, bump, ready, ...rest]).map(({ kind }) => kind),
    ['message', 'message'],
  )
  const last = catchUp(feed, database)
  assert.deepEqual(last, [{ kind: 'query', row: database.query }])
  assert.ok(feed.isComplete)
})

test('the end of a query brings the whole brief where the row has an outline', () => {
  const { feed, database } = followed()
  const brief = { shots: [1, 2, 3] }
  send(feed, database.end('completed', brief, { asOutline: true }))
  const [query] = queriesOf(catchUp(feed, database))
  assert.deepEqual(query, { ...database.query, payload: brief })
})

test('an outline stands for a brief that cannot be had', () => {
  const { feed, database } = followed()
  send(feed, database.end('completed', { shots: [] }, { asOutline: true }))
  database.brief = null
  assert.deepEqual(queriesOf(catchUp(feed, database)), [database.query])
})

test('a message after the end is told, and the query again', () => {
  const { feed, database } = followed()
  send(feed, database.end('failed', null, { asOutline: false }))
  catchUp(feed, database)
  const changes = send(feed, database.say('One more thing'))
  assert.deepEqual(messagesOf(changes), [3])
  assert.equal(queriesOf(changes).at(-1)?.revision, database.query.revision)
})

test('whoever comes later hears everything that has been told, the end last', () => {
  const { feed, database } = followed()
  send(feed, database.say('one'))
  assert.deepEqual(
    feed.replay().map(({ kind }) => kind),
    ['query', 'asset', 'message'],
  )
  send(feed, database.end('completed', {}, { asOutline: false }))
  catchUp(feed, database)
  assert.deepEqual(
    feed
      .replay()
      .map(({ kind }) => kind)
      .at(-1),
    'query',
  )
})
