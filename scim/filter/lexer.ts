// Characters of a filter -> tokens, read one at a time. A comparison value may stand without quotes, as the directories'
// own documentation writes it (`externalId eq jyoung`), so the parser says when it wants a value.
import { DomainError, type ErrorCode } from '../../src/errors.ts';
import type { Literal } from './filter.ts';

const LONGEST_FILTER = 8_192;
const NAME = /[A-Za-z$][\w$\-.:]*/y;
const SPACE = /\s*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const BARE_VALUE = /(?!['{])[^\s()[\]"]+/y;

/** Reads one text from front to back. Refusals carry the code given, `invalid_filter` or `invalid_path`; a filter
 * that is too long is `too_many`. */
export class Lexer {
  readonly #text: string;
  readonly #code: ErrorCode;
  #at = 0;

  constructor(text: string, code: 'invalid_filter' | 'invalid_path') {
    this.#text = text;
    this.#code = code;
    if (Buffer.byteLength(text) > LONGEST_FILTER) {
      const refused = code === 'invalid_path' ? code : 'too_many';
      throw new DomainError(
        refused,
        `The ${code === 'invalid_path' ? 'path' : 'filter'} is longer than ${LONGEST_FILTER} bytes.`,
      );
    }
    if (!text.isWellFormed() || text.includes('\0')) throw this.refusal('It has characters that no value can have');
    this.#skipSpace();
  }

  isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** Takes one character if it comes next. */
  takeMark(mark: '(' | ')' | '[' | ']' | '.'): boolean {
    if (this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    this.#skipSpace();
    return true;
  }

  expectMark(mark: '(' | ')' | '[' | ']'): void {
    if (!this.takeMark(mark)) throw this.refusal(`"${mark}" is missing`);
  }

  /** Takes a word such as `and` if it comes next, whatever its case. */
  takeWord(word: string): boolean {
    const next = this.#match(NAME);
    if (next?.toLowerCase() !== word) return false;
    this.#at += next.length;
    this.#skipSpace();
    return true;
  }

  /** An attribute name or operator. */
  expectName(what: string): string {
    const name = this.#match(NAME);
    if (name === undefined) throw this.refusal(`${what} is missing`);
    this.#at += name.length;
    this.#skipSpace();
    return name;
  }

  expectValue(): Literal {
    const string = this.#match(STRING);
    const raw = string ?? this.#match(BARE_VALUE);
    if (raw === undefined) throw this.refusal('A value is missing, or does not stand in double quotes');
    this.#at += raw.length;
    this.#skipSpace();
    return string === undefined ? { text: raw, quoted: false } : { text: this.#unescape(string), quoted: true };
  }

  refusal(problem: string): DomainError {
    const kind = this.#code === 'invalid_path' ? 'path' : 'filter';
    return new DomainError(this.#code, `The ${kind} cannot be read at character ${this.#at + 1}. ${problem}.`);
  }

  #unescape(string: string): string {
    try {
      const value = JSON.parse(string) as string;
      if (value.isWellFormed() && !value.includes('\0')) return value;
    } catch {
      // answered below, like a value that cannot be
    }
    throw this.refusal('A quoted value is not a JSON string');
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0];
  }

  #skipSpace(): void {
    this.#at += this.#match(SPACE)!.length;
  }
}
