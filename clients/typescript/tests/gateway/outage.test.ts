import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { createDreamCutManager } from '../../dreamcut-realtime'
import { Audience, upTo } from '../audience'
import { BadLine } from '../faults'
import { Project, QUICK, Worker } from '../project'
import { Chance } from '../seeds'

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

/** Somebody follows a query over a line that can fall silent without breaking. */
async function onSilentLine(checkMs: number) {
  const line = new BadLine(new Chance(1), { lost: 1, doubled: 0, late: 0, broken: 0, failedRequests: 0 })
  line.isBad = false
  const { client, userId } = await door.user({ realtime: { transport: line.transport } })
  const queryId = await worker.startQuery(userId)
  const audience = new Audience()
  const manager = createDreamCutManager(client, { timing: { ...QUICK, checkMs } })
  const unsubscribe = manager.subscribeToQuery(queryId, audience.callbacks)
  await audience.until(() => audience.isLive)
  return { line, queryId, audience, unsubscribe }
}

test('channels that stay open but silent are found out and opened anew', async () => {
  const { line, queryId, audience, unsubscribe } = await onSilentLine(150)
  line.isBad = true
  for (let number = 2; audience.isLive; number += 1) {
    await worker.say(queryId, `${number}`)
    await audience.until(() => audience.messages.length === number)
  }
  assert.equal(audience.errors.at(-1)?.message, 'Changes stopped arriving.')
  line.isBad = false
  await audience.until(() => audience.isLive)
  unsubscribe()
})

test('a page that wakes up or comes online looks at once, and listens no more after the end', async () => {
  const page = new EventTarget()
  const listeners = new Set<string>()
  const events = {
    addEventListener: (type: string, listener: EventListener) => {
      listeners.add(type)
      page.addEventListener(type, listener)
    },
    removeEventListener: (type: string, listener: EventListener) => {
      listeners.delete(type)
      page.removeEventListener(type, listener)
    },
  }
  Object.assign(globalThis, events, { document: { ...events, visibilityState: 'visible' } })
  const { line, queryId, audience, unsubscribe } = await onSilentLine(600_000)
  line.isBad = true
  await worker.say(queryId, 'while away')
  page.dispatchEvent(new Event('online'))
  await audience.until(() => audience.messages.length === 2)
  await worker.say(queryId, 'while asleep')
  page.dispatchEvent(new Event('visibilitychange'))
  await audience.until(() => audience.messages.length === 3)
  assert.deepEqual([...listeners].sort(), ['online', 'visibilitychange'])
  unsubscribe()
  assert.deepEqual([...listeners], [])
  for (const name of ['addEventListener', 'removeEventListener', 'document'])
    Reflect.deleteProperty(globalThis, name)
})

test('channels that the server closes are opened again', async () => {
  const { client, userId } = await door.user()
  const queryId = await worker.startQuery(userId)
  const audience = new Audience()
  const unsubscribe = createDreamCutManager(client, { timing: QUICK }).subscribeToQuery(
    queryId,
    audience.callbacks,
  )
  await audience.until(() => audience.isLive)
  const { data } = await client.auth.getSession()
  await client.realtime.setAuth('no token at all')
  await audience.until(() => audience.states.at(-1) === 'reconnecting')
  await client.realtime.setAuth(data.session?.access_token ?? null)
  await audience.until(() => audience.isLive)
  await worker.say(queryId, 'two')
  await audience.until(() => audience.messages.length === 2)
  unsubscribe()
})

test('whoever signs in after subscribing hears from then on', async () => {
  const email = `${crypto.randomUUID()}@example.com`
  const password = 'a-password-of-a-test'
  const { data } = await door.anon().auth.signUp({ email, password })
  const queryId = await worker.startQuery(data.user?.id ?? '')
  const client = door.anon()
  const audience = new Audience()
  const unsubscribe = createDreamCutManager(client, { timing: QUICK }).subscribeToQuery(
    queryId,
    audience.callbacks,
  )
  await audience.until(() => audience.errors.some(({ code }) => code === 'not_found'))
  assert.deepEqual(audience.messages, [])
  await client.auth.signInWithPassword({ email, password })
  await audience.until(() => audience.isLive && audience.messages.length === 1)
  unsubscribe()
})
