import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'

import { createDreamCutManager, type DreamCutMessage } from '../../dreamcut-realtime'
import { Audience, upTo } from '../audience'
import { Project, QUICK, Worker, type Client } from '../project'

const project = new Project()
let worker: Worker
before(async () => {
  await project.start()
  worker = new Worker(project.service())
})
after(() => project.kill())

/** Only by events: the slow looks come too late for the test's time limit. */
const PATIENT = { ...QUICK, checkMs: 600_000 }

function follow(client: Client, queryId: string, timing = PATIENT) {
  const audience = new Audience()
  const unsubscribe = createDreamCutManager(client, { timing }).subscribeToQuery(queryId, audience.callbacks)
  return { audience, unsubscribe }
}

async function started(assets = 1) {
  const { client, userId } = await project.user()
  return { client, userId, queryId: await worker.startQuery(userId, { assets }) }
}

test('the unmodified client hears of changes', async () => {
  const { client, queryId } = await started()
  await client.realtime.setAuth()
  const heard = await new Promise<unknown>((resolve) => {
    client
      .channel('mine')
      .on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'dreamcut_messages' }, (change) =>
        resolve(change.new['content']),
      )
      .on('system', {}, () => void worker.say(queryId, 'hello'))
      .subscribe()
  })
  assert.equal(heard, 'hello')
  await client.removeAllChannels()
})

test('what was before comes first, then every change', async () => {
  const { client, queryId } = await started(2)
  await worker.say(queryId, 'before')
  const { audience, unsubscribe } = follow(client, queryId)
  await audience.until(() => audience.isLive)
  assert.deepEqual(audience.seqs, [1, 2])
  assert.equal(audience.assets.size, 2)
  await worker.say(queryId, 'after')
  const [assetId = ''] = await worker.assetIds(queryId)
  await worker.advance(assetId, 50, { shots: 3 })
  await audience.until(() => audience.seqs.length === 3 && audience.assets.get(assetId)?.progress === 50)
  const { query, assets, messages } = await worker.truth(queryId)
  await audience.until(() => audience.query?.revision === query.revision)
  assert.deepEqual(audience.query, query)
  assert.deepEqual([...audience.assets.values()], assets)
  assert.deepEqual(audience.messages, messages)
  assert.deepEqual(audience.errors, [])
  unsubscribe()
})

test('twenty writers at once: every message once and in order', async () => {
  const { client, queryId } = await started()
  const { audience, unsubscribe } = follow(client, queryId)
  const writers = upTo(20).map(async (writer) => {
    for (const number of upTo(10)) await worker.say(queryId, `${writer}/${number}`)
  })
  await Promise.all(writers)
  await audience.until(() => audience.messages.length >= 201)
  assert.deepEqual(audience.seqs, upTo(201))
  assert.deepEqual(audience.messages, (await worker.truth(queryId)).messages)
  unsubscribe()
})

test('the end comes last, with the whole brief', async () => {
  const { client, queryId } = await started()
  const { audience, unsubscribe } = follow(client, queryId)
  await audience.until(() => audience.isLive)
  const [assetId = ''] = await worker.assetIds(queryId)
  const large = {
    shots: Array.from({ length: 4_000 }, (_, index) => ({ start: index, note: 'x'.repeat(60) })),
  }
  await worker.advance(assetId, 100)
  await worker.complete(queryId, large)
  await audience.until(() => audience.query?.status === 'completed')
  assert.deepEqual(audience.query?.payload, large)
  assert.deepEqual(
    audience.messages.slice(-2).map(({ emoji }) => emoji),
    ['🎬', '🚀'],
  )
  assert.equal(audience.log.at(-1), `query ${audience.query?.revision}`)
  assert.equal(audience.assets.get(assetId)?.status, 'completed')
  unsubscribe()
})

test('a large column that an update leaves alone stays', async () => {
  const { client, queryId } = await started()
  const [assetId = ''] = await worker.assetIds(queryId)
  const { audience, unsubscribe } = follow(client, queryId)
  await audience.until(() => audience.isLive)
  const analysis = { noise: randomBytes(20_000).toString('base64') }
  await worker.advance(assetId, 30, analysis)
  await worker.advance(assetId, 60)
  await audience.until(() => audience.assets.get(assetId)?.progress === 60)
  assert.deepEqual(audience.assets.get(assetId)?.analysis, analysis)
  unsubscribe()
})

test('a user does not hear of the queries of another', async () => {
  const { client, queryId } = await started()
  const bob = await project.user()
  const ada = follow(client, queryId)
  const stranger = follow(bob.client, queryId)
  await stranger.audience.until(() => stranger.audience.errors.length > 0)
  await ada.audience.until(() => ada.audience.isLive)
  await worker.say(queryId, 'for Ada')
  await ada.audience.until(() => ada.audience.messages.length === 2)
  const own = await worker.startQuery(bob.userId)
  const control = follow(bob.client, own)
  await control.audience.until(() => control.audience.isLive)
  await worker.say(own, 'for Bob')
  await control.audience.until(() => control.audience.messages.length === 2)
  assert.deepEqual(
    stranger.audience.errors.map(({ code }) => code),
    ['not_found'],
  )
  assert.deepEqual([stranger.audience.messages, stranger.audience.queries], [[], []])
  for (const { unsubscribe } of [ada, stranger, control]) unsubscribe()
})

test('a page that subscribes and then loads shows each message once', async () => {
  const { client, queryId } = await started()
  const manager = createDreamCutManager(client, { timing: PATIENT })
  let shown: DreamCutMessage[] = []
  const audience = new Audience()
  const unsubscribe = manager.subscribeToQuery(queryId, {
    ...audience.callbacks,
    onNewMessage: (message) => {
      shown = [...shown, message]
      audience.callbacks.onNewMessage(message)
    },
  })
  const { success, messages = [] } = await manager.getQuery(queryId)
  assert.ok(success)
  shown = messages
  await audience.until(() => audience.isLive)
  await worker.say(queryId, 'later')
  await audience.until(() => audience.messages.length === 2)
  assert.deepEqual(
    shown.map(({ seq }) => seq),
    [1, 2],
  )
  unsubscribe()
})

test('all who follow a query on one client share its channels, whenever they come', async () => {
  const { client, queryId } = await started()
  const first = follow(client, queryId)
  await first.audience.until(() => first.audience.isLive)
  const second = follow(client, queryId)
  await second.audience.until(() => second.audience.messages.length === 1)
  assert.deepEqual(
    client
      .getChannels()
      .map(({ topic }) => topic)
      .sort(),
    ['assets', 'messages', 'queries'].map((table) => `realtime:dreamcut_${table}:${queryId}`),
  )
  first.unsubscribe()
  await worker.say(queryId, 'for the second')
  await second.audience.until(() => second.audience.messages.length === 2)
  assert.equal(first.audience.messages.length, 1)
  second.unsubscribe()
})

test('unsubscribing works from inside a callback, twice, and leaves no channel', async () => {
  const { client, queryId } = await started()
  const audience = new Audience()
  const unsubscribe = createDreamCutManager(client, { timing: PATIENT }).subscribeToQuery(queryId, {
    ...audience.callbacks,
    onNewMessage: (message) => {
      audience.callbacks.onNewMessage(message)
      unsubscribe()
      unsubscribe()
    },
  })
  const witness = follow((await project.user()).client, queryId)
  await worker.say(queryId, 'two')
  await audience.until(() => audience.messages.length === 1)
  const again = follow(client, queryId)
  await again.audience.until(() => again.audience.isLive && again.audience.messages.length === 2)
  assert.equal(audience.messages.length, 1, 'nothing is told after the end')
  again.unsubscribe()
  witness.unsubscribe()
  await client.realtime.removeAllChannels()
  assert.deepEqual(client.getChannels(), [])
})

test('messages that a page has already can be left out', async () => {
  const { client, queryId } = await started()
  await worker.say(queryId, 'two')
  const audience = new Audience()
  const manager = createDreamCutManager(client, { timing: PATIENT })
  const unsubscribe = manager.subscribeToQuery(queryId, audience.callbacks, { afterSeq: 1 })
  await audience.until(() => audience.isLive)
  await worker.say(queryId, 'three')
  await audience.until(() => audience.messages.length === 2)
  assert.deepEqual(audience.seqs, [2, 3])
  unsubscribe()
})

test('subscribing twice in a row, as React does in development, ends with one living subscription', async () => {
  const { client, queryId } = await started()
  const first = follow(client, queryId)
  first.unsubscribe()
  const second = follow(client, queryId)
  second.unsubscribe()
  const { audience, unsubscribe } = follow(client, queryId)
  await audience.until(() => audience.isLive)
  await worker.say(queryId, 'hello')
  await audience.until(() => audience.messages.length === 2)
  assert.equal(client.getChannels().length, 3)
  assert.deepEqual(first.audience.log, [])
  unsubscribe()
})

test('a callback that throws is reported, and the next ones are called', async () => {
  const { client, queryId } = await started()
  await worker.say(queryId, 'two')
  const audience = new Audience()
  const broken = new Error('broken on purpose')
  const unsubscribe = createDreamCutManager(client, { timing: PATIENT }).subscribeToQuery(queryId, {
    ...audience.callbacks,
    onNewMessage: (message) => {
      audience.callbacks.onNewMessage(message)
      if (message.seq === 1) throw broken
    },
    onAssetUpdate: async () => Promise.reject(broken),
  })
  await audience.until(() => audience.messages.length === 2 && audience.errors.length === 2)
  assert.deepEqual(
    audience.errors.map(({ code, cause }) => [code, cause]),
    Array(2).fill(['callback_failed', broken]),
  )
  unsubscribe()
})

test('a query that is deleted ends its subscription', async () => {
  const { client, queryId } = await started()
  const { audience } = follow(client, queryId)
  await audience.until(() => audience.isLive)
  await worker.client.from('dreamcut_queries').delete().eq('id', queryId)
  await audience.until(() => audience.states.at(-1) === 'closed')
  assert.deepEqual(
    audience.errors.map(({ code }) => code),
    ['deleted'],
  )
})

test('an asset that is deleted is told as removed', async () => {
  const { client, queryId } = await started(2)
  // The server cannot tell whose deletions these are, so it tells nobody: a look finds out.
  const { audience, unsubscribe } = follow(client, queryId, QUICK)
  await audience.until(() => audience.isLive)
  const [assetId = ''] = await worker.assetIds(queryId)
  await worker.client.from('dreamcut_assets').delete().eq('id', assetId)
  await audience.until(() => audience.removed.length === 1)
  assert.deepEqual(audience.removed, [assetId])
  assert.equal(audience.assets.size, 1)
  unsubscribe()
})
