// The grid of pictures: as many cards as are in sight, so that ten thousand pictures cost no more than fifty.

import { cut, element } from "../js/dom.js";
import { droppedShare } from "./rows.mjs";
import { tell } from "./words.mjs";

/**
 * @typedef {import("./rows.mjs").Row} Row
 * @typedef {import("./rows.mjs").RowTable} RowTable
 */

const NARROWEST = 220; // pixels of a card's width
const HEIGHT = 330; // pixels of a card's height: style and arithmetic must agree, so both take it from here
const GAP = 12;
const SPARE = 2; // rows above and below what is seen, so that scrolling shows no blank
const CAPTION = 400; // characters: more than five lines of a card
const MUCH = 0.5;

export class Grid {
  /** @param {RowTable} table @param {(position: number) => void} open */
  constructor(table, open) {
    this.table = table;
    this.open = open;
    /** @type {Row[]} */
    this.rows = [];
    this.active = 0;
    this.columns = 1;
    /** @type {Map<number, HTMLElement>} cards by position */
    this.cards = new Map();
    this.space = element("div", { class: "pmr-space" });
    this.empty = element("p", { class: "pmr-none", text: tell("none"), attributes: { hidden: true } });
    this.list = element("div", { class: "pmr-list", attributes: { role: "listbox", "aria-label": tell("grid") } }, [this.space]);
    this.element = element("main", {
      class: "pmr-grid",
      style: { "--pmr-height": `${HEIGHT}px` },
      on: { scroll: () => this.#draw(), keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event) },
    }, [this.list, this.empty]);
    new ResizeObserver(() => this.#measure()).observe(this.element);
  }

  /** Show these rows from the top. @param {Row[]} rows */
  show(rows) {
    this.rows = rows;
    this.active = 0;
    this.element.scrollTop = 0;
    this.empty.hidden = rows.length > 0;
    this.#clear();
    this.#measure();
  }

  /** Draw a card anew, because its caption has changed. @param {number} position */
  refresh(position) {
    const old = this.cards.get(position);
    if (!old) return;
    const made = this.#card(position);
    old.replaceWith(made);
    this.cards.set(position, made);
  }

  /** Go to a picture: scroll to it and give it the focus. @param {number} position */
  focus(position) {
    if (!this.rows.length) return;
    this.#activate(Math.min(Math.max(position, 0), this.rows.length - 1));
    const top = Math.floor(this.active / this.columns) * (HEIGHT + GAP);
    const below = top + HEIGHT + 2 * GAP - this.element.clientHeight;
    this.element.scrollTop = Math.min(Math.max(this.element.scrollTop, below), top);
    this.#draw();
    this.cards.get(this.active)?.focus({ preventScroll: true });
  }

  #measure() {
    const width = this.space.clientWidth;
    const columns = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
    if (columns !== this.columns) this.#clear();
    this.columns = columns;
    this.space.style.height = `${Math.ceil(this.rows.length / columns) * (HEIGHT + GAP)}px`;
    this.#draw();
  }

  #clear() {
    for (const card of this.cards.values()) card.remove();
    this.cards.clear();
  }

  #draw() {
    const row = HEIGHT + GAP;
    const first = Math.max(0, Math.floor(this.element.scrollTop / row) - SPARE) * this.columns;
    const last = (Math.ceil((this.element.scrollTop + this.element.clientHeight) / row) + SPARE) * this.columns;
    const wanted = new Set([this.active]); // kept, so that the focus is not lost by scrolling
    for (let position = first; position < Math.min(last, this.rows.length); position += 1) wanted.add(position);
    for (const [position, card] of this.cards) {
      if (wanted.has(position)) continue;
      card.remove();
      this.cards.delete(position);
    }
    for (const position of wanted) {
      if (position >= this.rows.length || this.cards.has(position)) continue;
      const card = this.#card(position);
      this.cards.set(position, card);
      this.space.append(card);
    }
  }

  /** @param {number} position */
  #activate(position) {
    this.cards.get(this.active)?.setAttribute("tabindex", "-1");
    this.active = position;
    this.cards.get(position)?.setAttribute("tabindex", "0");
  }

  /** @param {number} position */
  #card(position) {
    const row = this.rows[position];
    const text = row.error ?? this.table.captions.textOf(row);
    const share = 100 / this.columns;
    const gaps = (GAP * (this.columns - 1)) / this.columns;
    const column = position % this.columns;
    const picture = row.thumb
      ? element("img", { attributes: { src: row.thumb, alt: "", decoding: "async", draggable: "false" } })
      : element("span", { class: "pmr-blank", text: "✕" });
    return element("div", {
      class: `pmr-card ${row.error === null ? "" : "pmr-failed"}`,
      style: {
        top: `${Math.floor(position / this.columns) * (HEIGHT + GAP)}px`,
        left: `calc(${column * share}% + ${(column * GAP) / this.columns}px)`,
        width: `calc(${share}% - ${gaps}px)`,
      },
      attributes: {
        role: "option", tabindex: position === this.active ? "0" : "-1", "aria-selected": "false",
        "aria-posinset": position + 1, "aria-setsize": this.rows.length,
      },
      on: { click: () => this.#press(position), focus: () => this.#activate(position) },
    }, [
      element("div", { class: "pmr-thumb" }, [picture]),
      element("strong", { class: "pmr-name", text: row.key, title: row.key, attributes: { dir: "auto" } }),
      element("p", { class: "pmr-text", text: cut(text, CAPTION), attributes: { dir: "auto" } }),
      this.#badges(row),
    ]);
  }

  /** @param {Row} row */
  #badges(row) {
    const told = row.error === null ? [{ text: tell("card", { words: this.table.words(row) }), kind: "" }] : [{ text: tell("cardFailed"), kind: "pmr-bad" }];
    if (row.statements) {
      const kind = droppedShare(row) > MUCH ? "pmr-warn" : "";
      told.push({ text: tell("cardDropped", { dropped: row.dropped, count: row.statements }), kind });
    }
    if (row.warnings.length) told.push({ text: tell("cardWarnings", { count: row.warnings.length }), kind: "pmr-warn" });
    if (this.table.captions.isEdited(row)) told.push({ text: tell("cardEdited"), kind: "pmr-good" });
    return element("div", { class: "pmr-badges" }, told.map(({ text, kind }) => element("span", { class: kind, text })));
  }

  /** @param {number} position */
  #press(position) {
    this.#activate(position);
    this.open(position);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.rows.length) return;
    if (event.key === "Enter" || event.key === " ") this.#press(this.active);
    else {
      const step = this.#steps()[event.key];
      if (step === undefined) return;
      this.focus(this.active + step);
    }
    event.preventDefault();
  }

  /** @returns {Record<string, number>} how far each key goes */
  #steps() {
    const page = Math.max(1, Math.floor(this.element.clientHeight / (HEIGHT + GAP))) * this.columns;
    return {
      ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns,
      PageDown: page, PageUp: -page, Home: -this.rows.length, End: this.rows.length,
    };
  }
}
