import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { createDreamCutManager } from '../../dreamcut-realtime'
import { Audience, upTo } from '../audience'
import { BadLine } from '../faults'
import { Project, QUICK, Worker } from '../project'
import { Chance, seeds } from '../seeds'

const project = new Project()
let worker: Worker
before(async () => {
  await project.start()
  worker = new Worker(project.service())
})
after(() => project.kill())

/** Some workers at once: messages, progress, findings of all sizes; then the end, or none. */
async function work(queryId: string, chance: Chance): Promise<void> {
  const assetIds = await worker.assetIds(queryId)
  const progress = new Map<string, number>()
  const workers = upTo(1 + chance.below(3)).map(async (name) => {
    for (const number of upTo(2 + chance.below(8))) {
      const assetId = assetIds[chance.below(assetIds.length)] ?? ''
      const now = Math.min(99, (progress.get(assetId) ?? 0) + chance.below(20))
      progress.set(assetId, now)
      // Some findings are so large that they are kept apart from the row, and are absent from later updates.
      const findings = {
        name,
        noise: 'x'.repeat(chance.below(2)) + String(chance.next()).repeat(chance.below(400)),
      }
      if (chance.happens(0.5)) await worker.say(queryId, `${name}/${number}`)
      else await worker.advance(assetId, now, ...(chance.happens(0.5) ? [findings] : []))
    }
  })
  await Promise.all(workers)
  if (chance.happens(0.3)) return
  for (const assetId of assetIds) await worker.advance(assetId, 100)
  const shots = Array.from({ length: chance.happens(0.3) ? 4_000 : 3 }, (_, index) => ({
    start: index,
    cut: 'hard cut',
  }))
  await worker.complete(queryId, { shots })
}

for (const seed of seeds(4)) {
  test(`on a bad line, what is told ends as the tables are: seed ${seed}`, async () => {
    const chance = new Chance(seed)
    const line = new BadLine(new Chance(seed + 1_000_000))
    const { client, userId } = await project.user()
    const { data } = await client.auth.getSession()
    const badClient = project.anon({
      accessToken: async () => data.session?.access_token ?? null,
      global: { fetch: line.fetch },
      realtime: { transport: line.transport },
    })
    const queryId = await worker.startQuery(userId, { assets: 1 + chance.below(3) })
    const audience = new Audience()
    const timing = { ...QUICK, checkMs: 400 }
    const unsubscribe = createDreamCutManager(badClient, { timing }).subscribeToQuery(
      queryId,
      audience.callbacks,
    )
    if (chance.happens(0.5)) await audience.until(() => audience.messages.length > 0)
    await work(queryId, chance)

    const truth = await worker.truth(queryId)
    await audience.until(() => audience.query?.revision === truth.query.revision)
    await audience.until(() => audience.messages.length >= truth.messages.length)
    await audience.until(() =>
      truth.assets.every(({ id, revision }) => audience.assets.get(id)?.revision === revision),
    )
    unsubscribe()

    const { data: brief } = await worker.client.rpc('dreamcut_brief', { p_query_id: queryId })
    assert.deepEqual(audience.messages, truth.messages, 'each message once and in order')
    assert.deepEqual(audience.query, { ...truth.query, payload: brief })
    assert.deepEqual(
      [...audience.assets.values()].sort((one, other) => one.position - other.position),
      truth.assets,
    )
    const revisions = audience.queries.map(({ revision }) => revision)
    assert.deepEqual(
      revisions,
      [...new Set(revisions)].sort((one, other) => one - other),
      'the query only went on',
    )
    if (truth.query.status !== 'processing') {
      const [last] = audience.log.filter((entry) => /^(query|asset|message)/.test(entry)).slice(-1)
      assert.equal(last, `query ${truth.query.revision}`, 'the end came last')
    }
    if (process.env['DREAMCUT_SEEDS']) console.log(`seed ${seed}: ${JSON.stringify(line.happened)}`)
  })
}
