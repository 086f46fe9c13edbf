// A sibling on any runtime: CORE_URL and CORE_KEY say where Core is. Prints what every noun answers, as one line of JSON.
import { openCore } from '@core/sdk'
import { callEveryNoun } from '@core/sdk/testing'

const core = await openCore({ project: 'smart_layer' })
console.log(JSON.stringify(await callEveryNoun(core, 'manus_origin')))
await core.close()
