/** One metric as Prometheus reads it. */
export interface Family {
  readonly name: string
  type: string
  help: string
  readonly samples: Sample[]
}

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy

/** Reads the text format 0.0.4, and throws on what Prometheus would refuse. */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const families = new Map<string, Family>()
  const familyOf = (name: string): Family => {
    const family = families.get(name) ?? { name, type: 'untyped', help: '', samples: [] }
    families.set(name, family)
    return family
  }
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (kind === 'HELP') familyOf(name).help = rest
    else if (kind === 'TYPE') familyOf(name).type = rest
    else {
      const sample = parseSample(line)
      const owner = families.get(sample.name) ?? families.get(sample.name.replace(/_(bucket|sum|count)$/, ''))
      if (owner === undefined || owner.type === 'untyped') throw new Error(`no type before ${line}`)
      owner.samples.push(sample)
    }
  }
  return families
}

function parseSample(line: string): Sample {
  const [, name, list = '', written = ''] = sampleLine.exec(line) ?? []
  if (name === undefined) throw new Error(`not a sample: ${line}`)
  const pairs = [...list.matchAll(label)]
  if (pairs.map(([whole]) => whole).join('') !== list) throw new Error(`labels that cannot be read: ${line}`)
  const labels = Object.fromEntries(pairs.map(([, key = '', value = '']) => [key, value]))
  if (pairs.length !== Object.keys(labels).length) throw new Error(`a label twice: ${line}`)
  const value = Number(written.replace('+Inf', 'Infinity').replace('-Inf', '-Infinity'))
  if (Number.isNaN(value) && written !== 'NaN' && written !== 'Nan') throw new Error(`not a number: ${line}`)
  return { name, labels, value }
}
