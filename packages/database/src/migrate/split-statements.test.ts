import { describe, expect, test } from 'vitest'
import { splitStatements } from './split-statements.ts'

describe('splitStatements', () => {
  test.each<[string, string, string[]]>([
    ['splits at semicolons and drops them', 'select 1; select 2;', ['select 1', 'select 2']],
    ['keeps a last statement without a semicolon', 'select 1', ['select 1']],
    ['keeps a comment with what follows it', '-- a; b\nselect 1;', ['-- a; b\nselect 1']],
    ['drops empty statements', ';;select 1;;', ['select 1']],
    [
      'passes over nested block comments',
      '/* a; /* b; */ c; */ select 1; select 2',
      ['/* a; /* b; */ c; */ select 1', 'select 2'],
    ],
    ['passes over quotes', `select ';', 'it''s;'; select ";"`, [`select ';', 'it''s;'`, 'select ";"']],
    [
      'knows backslashes in E strings only',
      `select E'\\';'; select '\\'; select 2`,
      [`select E'\\';'`, `select '\\'`, 'select 2'],
    ],
    ['passes over dollar quotes', 'do $$ a; $x$ b; $$; do $x$ $$; $x$', ['do $$ a; $x$ b; $$', 'do $x$ $$; $x$']],
    [
      'does not take a parameter or a name for a dollar quote',
      'select a$b$c; select $1; select 2',
      ['select a$b$c', 'select $1', 'select 2'],
    ],
    [
      'keeps the body of begin atomic whole',
      'create function f() returns int begin atomic; select case when true then 1 end; select 2; end; select 3',
      ['create function f() returns int begin atomic; select case when true then 1 end; select 2; end', 'select 3'],
    ],
    ['does not mistake a transaction for a body', 'begin; select 1; end', ['begin', 'select 1', 'end']],
  ])('%s', (_, sql, statements) => {
    expect(splitStatements(sql)).toEqual(statements)
  })
})
