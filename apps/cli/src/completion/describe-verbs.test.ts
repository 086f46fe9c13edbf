import { Argument, Command, Option } from 'commander'
import { expect, test } from 'vitest'
import { describeVerbs } from './describe-verbs.ts'

test('a program is described verb by verb; what holds in all of them is listed once', () => {
  const program = new Command('toy').option('--url <url>', 'where')
  program
    .command('mark')
    .description('mark it')
    .addArgument(new Argument('<status>').choices(['open', 'done']))
    .argument('[file...]')
    .addOption(new Option('--hidden').hideHelp())
    .option('-f, --force', 'anyway')
  program.command('secret', { hidden: true })

  const help = { description: 'display help for command', value: undefined }
  const free = { kind: 'free' }
  const mark = { word: 'mark', description: 'mark it' }
  expect(describeVerbs(program)).toEqual([
    {
      path: 'toy',
      verbs: [mark, { word: 'help', description: 'display help for command' }],
      options: [
        { word: '--url', description: 'where', value: free },
        { word: '--help', ...help },
        { word: '-h', ...help },
      ],
      operands: [],
    },
    {
      path: 'toy mark',
      verbs: [],
      options: ['--force', '-f'].map((word) => ({ word, description: 'anyway', value: undefined })),
      operands: [
        { value: { kind: 'choice', choices: ['open', 'done'] }, isVariadic: false },
        { value: { kind: 'file' }, isVariadic: true },
      ],
    },
    {
      path: 'toy help',
      verbs: [],
      options: [],
      operands: [{ value: { kind: 'choice', choices: ['mark'] }, isVariadic: false }],
    },
  ])
})
