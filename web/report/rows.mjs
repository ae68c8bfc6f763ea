// The pictures of a report as rows: which are shown, and in which order. No side effects and no DOM.

/**
 * One picture, as patchmatters/report_page/data.py writes it. `thumb`, `picture` and `scene` are addresses relative to
 * the page, null where there is none. `text` is the caption as it goes into a training file.
 * @typedef {{key: string, path: string, text: string, error: string | null, warnings: string[], statements: number,
 *            dropped: number, calls: number, tokens: number, usd: number | null, seconds: number, width: number,
 *            height: number, thumb: string | null, picture: string | null, scene: string | null}} Row
 *
 * @typedef {{words: string, filter: Filter, from: number | null, to: number | null}} Wanted
 * @typedef {"all" | "warnings" | "failed" | "muchDropped" | "short" | "long" | "edited"} Filter
 * @typedef {"given" | "name" | "words" | "dropped" | "warned" | "usd" | "seconds"} Order
 *
 * What a caption is now: as the model wrote it, or as a person did.
 * @typedef {{textOf: (row: Row) => string, isEdited: (row: Row) => boolean}} Captions
 */

const SHORT = 0.5; // of the median number of words
const LONG = 2;
const MUCH = 0.5; // share of the statements that was dropped
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}\p{M}]+(?:['’-][\p{L}\p{N}\p{M}]+)*/gu;

/** @type {Filter[]} */
export const FILTERS = ["all", "warnings", "failed", "muchDropped", "short", "long", "edited"];
/** @type {Order[]} */
export const ORDERS = ["given", "name", "words", "dropped", "warned", "usd", "seconds"];

/** Words of a text; of scripts without spaces, characters. @param {string} text */
export function wordCount(text) {
  return text.match(WORD)?.length ?? 0;
}

/** The share of the statements that was dropped, 0 to 1. @param {Row} row */
export function droppedShare({ statements, dropped }) {
  return statements ? dropped / statements : 0;
}

export class RowTable {
  /** @param {Row[]} rows @param {Captions} captions */
  constructor(rows, captions) {
    this.rows = rows;
    this.captions = captions;
    /** @type {Map<Row, {text: string, words: number}>} counted once for each text */
    this.counted = new Map();
    const told = rows.filter(({ error }) => error === null).map((row) => this.words(row)).sort((a, b) => a - b);
    const median = told.length ? told[Math.floor(told.length / 2)] : 0;
    /** @type {Record<Filter, (row: Row) => boolean>} */
    this.tests = {
      all: () => true,
      warnings: ({ warnings }) => warnings.length > 0,
      failed: ({ error }) => error !== null,
      muchDropped: (row) => droppedShare(row) > MUCH,
      short: (row) => row.error === null && this.words(row) < SHORT * median,
      long: (row) => this.words(row) > LONG * median,
      edited: (row) => captions.isEdited(row),
    };
    /** @type {Record<Order, (row: Row) => number | string>} */
    this.values = {
      given: () => 0,
      name: ({ key }) => key,
      words: (row) => this.words(row),
      dropped: droppedShare,
      warned: ({ warnings }) => warnings.length,
      usd: ({ usd }) => usd ?? -1,
      seconds: ({ seconds }) => seconds,
    };
  }

  /** @param {Row} row */
  words(row) {
    const text = this.captions.textOf(row);
    const known = this.counted.get(row);
    if (known?.text === text) return known.words;
    const words = wordCount(text);
    this.counted.set(row, { text, words });
    return words;
  }

  /** How many rows each filter finds. @returns {Record<Filter, number>} */
  counts() {
    const found = FILTERS.map((filter) => [filter, this.rows.filter(this.tests[filter]).length]);
    return /** @type {Record<Filter, number>} */ (Object.fromEntries(found));
  }

  /** @param {Wanted} wanted @param {Order} order @param {boolean} descending @returns {Row[]} */
  choose({ words, filter, from, to }, order, descending) {
    const terms = termsOf(words);
    const found = this.rows.filter((row) => {
      if (!this.tests[filter](row) || !this.#holds(row, terms)) return false;
      if (from === null && to === null) return true;
      const count = this.words(row);
      return row.error === null && count >= (from ?? 0) && count <= (to ?? Infinity);
    });
    return this.#sorted(found, order, descending);
  }

  /** @param {Row} row @param {{wanted: string[], unwanted: string[]}} terms */
  #holds(row, { wanted, unwanted }) {
    if (!wanted.length && !unwanted.length) return true;
    const text = `${row.key}\n${this.captions.textOf(row)}`.toLocaleLowerCase();
    return wanted.every((term) => text.includes(term)) && !unwanted.some((term) => text.includes(term));
  }

  /** @param {Row[]} rows @param {Order} order @param {boolean} descending */
  #sorted(rows, order, descending) {
    const valued = rows.map((row) => ({ row, value: this.values[order](row) }));
    valued.sort((a, b) => compare(a.value, b.value)); // a stable sort: equal ones stay in the order of the run
    if (descending) valued.reverse();
    return valued.map(({ row }) => row);
  }
}

const byName = new Intl.Collator(undefined, { numeric: true });

/** @param {number | string} a @param {number | string} b */
function compare(a, b) {
  return typeof a === "string" ? byName.compare(a, String(b)) : a - Number(b);
}

/** @param {string} words */
function termsOf(words) {
  const terms = words.toLocaleLowerCase().split(/\s+/u).filter(Boolean);
  return {
    wanted: terms.filter((term) => !term.startsWith("-")),
    unwanted: terms.filter((term) => term.startsWith("-")).map((term) => term.slice(1)).filter(Boolean),
  };
}
