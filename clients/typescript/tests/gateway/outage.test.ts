import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { createDreamCutManager } from '../../dreamcut-realtime'
import { Audience, upTo } from '../audience'
import { Project, QUICK, Worker } from '../project'

// One project by two doors: workers go on through the one while the other is away.
const workersDoor = new Project()
const door = new Project()
let worker: Worker
before(async () => {
  await Promise.all([workersDoor.start(), door.start()])
  worker = new Worker(workersDoor.service())
})
after(() => Promise.all([workersDoor.kill(), door.kill()]))

test('a server that dies in the middle is followed again, and nothing is lost', async () => {
  const { client, userId } = await door.user()
  const queryId = await worker.startQuery(userId)
  const audience = new Audience()
  const unsubscribe = createDreamCutManager(client, { timing: QUICK }).subscribeToQuery(
    queryId,
    audience.callbacks,
  )
  await audience.until(() => audience.isLive)
  for (const number of upTo(3)) await worker.say(queryId, `before ${number}`)
  await audience.until(() => audience.messages.length >= 2)
  await door.kill()
  await audience.until(() => audience.states.at(-1) === 'reconnecting')
  for (const number of upTo(5)) await worker.say(queryId, `meanwhile ${number}`)
  await audience.until(() => audience.errors.some(({ code }) => code === 'read_failed'))
  await door.start()
  await audience.until(() => audience.isLive)
  await worker.say(queryId, 'after')
  await audience.until(() => audience.messages.length === 10)
  assert.deepEqual(audience.messages, (await worker.truth(queryId)).messages)
  assert.deepEqual(audience.states, ['connecting', 'live', 'reconnecting', 'live'])
  const codes = audience.errors.map(({ code }) => code)
  assert.deepEqual(codes.sort(), ['connection_lost', 'read_failed'], 'each trouble is told once')
  unsubscribe()
})

test('where no socket opens, the tables are read instead', async () => {
  const { client, userId } = await door.user({
    realtime: {
      transport: class {
        constructor() {
          throw new Error('no sockets here')
        }
      } as unknown as typeof WebSocket,
    },
  })
  const queryId = await worker.startQuery(userId)
  const audience = new Audience()
  const unsubscribe = createDreamCutManager(client, { timing: QUICK }).subscribeToQuery(
    queryId,
    audience.callbacks,
  )
  await audience.until(() => audience.messages.length === 1)
  await worker.say(queryId, 'two')
  await audience.until(() => audience.messages.length === 2)
  assert.deepEqual(audience.states, ['connecting'])
  assert.deepEqual(
    audience.errors.map(({ code }) => code),
    ['connection_lost'],
  )
  assert.match(audience.errors[0]?.message ?? '', /no sockets here/)
  unsubscribe()
})

test('a subscription that began while the server was away comes alive with it', async () => {
  const { client, userId } = await door.user()
  const queryId = await worker.startQuery(userId)
  await door.kill()
  const audience = new Audience()
  const unsubscribe = createDreamCutManager(client, { timing: QUICK }).subscribeToQuery(
    queryId,
    audience.callbacks,
  )
  await audience.until(() => audience.errors.length > 0)
  await door.start()
  await audience.until(() => audience.isLive)
  assert.deepEqual(audience.seqs, [1])
  unsubscribe()
})
