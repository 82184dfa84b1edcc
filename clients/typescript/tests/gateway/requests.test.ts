import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { createDreamCutManager, DreamCutError, DreamCutRealtimeManager } from '../../dreamcut-realtime'
import { Project, Worker } from '../project'

const project = new Project()
before(() => project.start())
after(() => project.kill())

const ASSETS = [
  { url: 'https://media.example/sea.mp4', type: 'video', filename: 'sea.mp4', description: 'The sea' },
  { url: 'https://media.example/logo.png', type: 'image', metadata: { layer: 2 } },
] as const

test('a user starts a query and reads it back', async () => {
  const { client, userId } = await project.user()
  const manager = createDreamCutManager(client)
  const queryId = await manager.initializeQuery(userId, 'A calm minute', ASSETS, {
    intent: 'video',
    options: { durationSeconds: 60 },
  })
  const { success, query, assets, messages } = await manager.getQuery(queryId)
  assert.ok(success)
  assert.equal(query?.user_prompt, 'A calm minute')
  assert.equal(query.intent, 'video')
  assert.deepEqual(query.options, { durationSeconds: 60 })
  assert.deepEqual(
    assets?.map(({ filename }) => filename),
    ['sea.mp4', 'logo.png'],
  )
  assert.deepEqual(assets?.[1]?.metadata, { layer: 2 })
  assert.deepEqual(
    messages?.map(({ seq, emoji }) => [seq, emoji]),
    [[1, '🎬']],
  )
})

test('the earlier form of initializeQuery says what came of it', async () => {
  const { client, userId } = await project.user()
  const manager = createDreamCutManager(client)
  const started = await manager.initializeQuery(userId, 'A calm minute', 'image', ASSETS, { size: 'square' })
  assert.ok(started.success && started.queryId)
  const { query } = await manager.getQuery(started.queryId)
  assert.deepEqual([query?.intent, query?.options], ['image', { size: 'square' }])
  const refused = await manager.initializeQuery('somebody else', 'A calm minute', 'image', ASSETS)
  assert.equal(refused.success, false)
  assert.match(refused.error ?? '', /for yourself only/)
})

test('what the database refuses is thrown', async () => {
  const { client, userId } = await project.user()
  const manager = createDreamCutManager(client)
  await assert.rejects(manager.initializeQuery('somebody else', 'A calm minute', ASSETS), (error) => {
    assert.ok(error instanceof DreamCutError)
    assert.equal(error.code, 'read_failed')
    assert.match(error.message, /for yourself only/)
    return true
  })
  await assert.rejects(manager.initializeQuery(userId, '', ASSETS), DreamCutError)
})

test('a request whose answer is lost is repeated and starts one query', async () => {
  let isLost = true
  const { client, userId } = await project.user({
    global: {
      fetch: async (input, init) => {
        const answer = await fetch(input, init)
        if (isLost && String(input).includes('/rpc/')) {
          isLost = false
          throw new TypeError('fetch failed')
        }
        return answer
      },
    },
  })
  const manager = createDreamCutManager(client)
  const queryId = await manager.initializeQuery(userId, 'A calm minute', ASSETS)
  assert.equal(isLost, false)
  const { queries, total } = await manager.getUserQueries(userId)
  assert.deepEqual([queries?.map(({ id }) => id), total], [[queryId], 1])
})

test('queries are listed newest first, in pages, by status', async () => {
  const { client, userId } = await project.user()
  const manager = createDreamCutManager(client)
  const worker = new Worker(project.service())
  const ids = []
  for (const prompt of ['one', 'two', 'three']) ids.unshift(await manager.initializeQuery(userId, prompt, []))
  const listed = await manager.getUserQueries(userId)
  assert.deepEqual(
    listed.queries?.map(({ id }) => id),
    ids,
  )
  const page = await manager.getUserQueries(userId, { limit: 1, offset: 1 })
  assert.deepEqual([page.queries?.map(({ id }) => id), page.total], [[ids[1]], 3])
  await worker.complete(ids[2] ?? '', { title: 'one' })
  const completed = await manager.getUserQueries(userId, { status: 'completed' })
  assert.deepEqual(
    completed.queries?.map(({ id }) => id),
    [ids[2]],
  )
})

test('a brief too large for its row is read whole, and so are findings', async () => {
  const { client, userId } = await project.user()
  const manager = createDreamCutManager(client)
  const worker = new Worker(project.service())
  const queryId = await worker.startQuery(userId)
  const [assetId = ''] = await worker.assetIds(queryId)
  const large = {
    shots: Array.from({ length: 4_000 }, (_, index) => ({ start: index, note: 'x'.repeat(60) })),
  }
  assert.equal(await manager.getAnalysis(assetId), null)
  assert.equal(await manager.getBrief(queryId), null)
  await worker.advance(assetId, 100, large)
  await worker.complete(queryId, large)
  const { data: row } = await client.from('dreamcut_queries').select('payload').eq('id', queryId).single()
  assert.ok(row && 'left_out' in Object(row.payload), 'the row holds an outline')
  assert.deepEqual(await manager.getBrief(queryId), large)
  assert.deepEqual(await manager.getAnalysis(assetId), large)
  assert.deepEqual((await manager.getQuery(queryId)).query?.payload, large)
})

test('a user sees their own queries only, a visitor none', async () => {
  const ada = await project.user()
  const bob = await project.user()
  const queryId = await createDreamCutManager(ada.client).initializeQuery(ada.userId, 'A calm minute', ASSETS)
  assert.ok((await createDreamCutManager(ada.client).getQuery(queryId)).success)
  for (const client of [bob.client, project.anon()]) {
    const manager = createDreamCutManager(client)
    const answer = await manager.getQuery(queryId)
    assert.equal(answer.success, false)
    assert.match(answer.error ?? '', /There is no query/)
    assert.deepEqual((await manager.getUserQueries(ada.userId)).queries, [])
  }
  assert.equal(await createDreamCutManager(bob.client).getBrief(queryId), null)
})

test('a server that is away is an answer, not a hang', async () => {
  const away = await new Project().start()
  const { client } = await away.user()
  await away.kill()
  const answer = await createDreamCutManager(client, { timing: { readMs: 1_000 } }).getUserQueries('ada')
  assert.equal(answer.success, false)
  assert.notEqual(answer.error, '')
})

test('the manager keeps the client that it is given', async () => {
  const { client } = await project.user()
  assert.equal(createDreamCutManager(client).supabase, client)
  assert.ok(createDreamCutManager(client) instanceof DreamCutRealtimeManager)
})

test('without a client, address and key are needed', () => {
  assert.throws(() => createDreamCutManager(), /NEXT_PUBLIC_SUPABASE_URL/)
})
