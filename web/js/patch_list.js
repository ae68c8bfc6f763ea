// Every patch with its candidates and statements. A patch's rows are built when it is opened, and in portions.

import { Portions, element, modelText, moveByArrows, reveal } from "./dom.js";
import { rivalSets } from "./rivals.js";
import { VERDICTS, markRow, markSet, statementRow } from "./statement_rows.js";
import { statementKey } from "./scene_model.js";
import { nameIn } from "./words.js";

/**
 * @typedef {import("./scene_model.js").Patch} Patch
 * @typedef {import("./scene_model.js").SceneIndex} SceneIndex
 * @typedef {import("./scene_model.js").Links} Links
 * @typedef {import("./inspector.js").Pointing} Pointing
 * @typedef {import("./words.js").Say} Say
 * @typedef {(key: string) => boolean | null} Kept
 *
 * A statement to be drawn, and the name of its set of rivals.
 * @typedef {{number: number, set: string}} Row
 */

export class PatchList {
  /** @param {SceneIndex} index @param {Pointing} pointing @param {Say} say */
  constructor(index, pointing, say) {
    this.index = index;
    this.pointing = pointing;
    this.say = say;
    /** @type {Map<string, PatchSection>} the sections that are drawn, by the names of their patches */
    this.sections = new Map();
    /** @type {Links | null} */
    this.links = null;
    /** @type {Kept} */
    this.kept = () => null;
    const [near, regions] = [false, true].map((united) => index.listed.filter(({ role }) => (role === "region") === united));
    this.lists = [near, regions].map((patches) => this.#list(patches));
    this.element = element("section", { class: "pm-patches" }, [
      element("h3", { text: say("patches") }),
      this.lists[0].place,
      regions.length > 0 && element("h3", { text: say("groups") }),
      this.lists[1].place,
    ]);
    moveByArrows(this.element, ".pm-patch-head");
  }

  /** @param {Patch[]} patches */
  #list(patches) {
    const more = (/** @type {number} */ count) => this.say("more", { count });
    return new Portions(element("div", { class: "pm-patch-list" }), patches, (patch) => this.#section(patch), more);
  }

  /** @param {Patch} patch */
  #section(patch) {
    const section = new PatchSection(patch, this.index, this.pointing, this.say);
    this.sections.set(patch.name, section);
    section.preview(this.kept);
    section.show(this.links);
    return section.element;
  }

  /** @param {Links | null} links */
  show(links) {
    this.links = links;
    for (const section of this.sections.values()) section.show(links);
  }

  /** @param {Kept} kept */
  preview(kept) {
    this.kept = kept;
    for (const section of this.sections.values()) section.preview(kept);
  }

  /**
   * Open a patch and bring its statements, or one of them, into view.
   * @param {string} name
   * @param {number} [statement]
   */
  open(name, statement) {
    const patch = this.index.byName.get(name);
    if (patch) for (const list of this.lists) list.reach(patch);
    const section = this.sections.get(name);
    if (!section) return;
    section.open(true);
    const row = statement === undefined ? null : section.rowOf(statement);
    (row ?? section.head).focus({ preventScroll: true });
    reveal(row ?? section.element);
  }
}

class PatchSection {
  /** @param {Patch} patch @param {SceneIndex} index @param {Pointing} pointing @param {Say} say */
  constructor(patch, index, pointing, say) {
    this.patch = patch;
    this.pointing = pointing;
    this.say = say;
    /** @type {Map<number, HTMLElement>} the rows that are drawn, by the numbers of their statements */
    this.rows = new Map();
    /** @type {Portions<Row>[]} */
    this.lists = [];
    this.lastSet = "";
    /** @type {Links | null} */
    this.links = null;
    /** @type {Kept} */
    this.kept = () => null;
    this.count = element("span", { class: "pm-count" });
    this.bar = element("span", { class: "pm-bar" });
    this.head = element("button", {
      class: "pm-patch-head",
      attributes: { type: "button", tabindex: "-1", "aria-expanded": "false" },
      on: { ...pointing.listeners({ kind: "patch", patch: patch.name }), click: () => this.open(this.body.hidden) },
    }, [
      element("span", { class: "pm-chevron", attributes: { "aria-hidden": "true" } }),
      element("i", { class: "pm-dot" }),
      element("span", { class: "pm-patch-name", text: nameIn(patch.name, say), attributes: { dir: "auto" } }),
      patch.labels.length > 0 && element("span", { class: "pm-labels", text: patch.labels.join(", "), attributes: { dir: "auto" } }),
      this.bar,
      this.count,
    ]);
    this.body = element("div", { class: "pm-patch-body", attributes: { hidden: true } });
    this.element = element("div", { class: "pm-patch", style: { "--pm-colour": index.colours.get(patch.name) ?? "" } }, [this.head, this.body]);
  }

  /** @param {boolean} wanted */
  open(wanted) {
    if (wanted && !this.body.firstChild) this.#build();
    this.body.hidden = !wanted;
    this.head.setAttribute("aria-expanded", String(wanted));
    this.element.classList.toggle("pm-open", wanted);
  }

  /** The row of a statement, drawn if need be. @param {number} statement */
  rowOf(statement) {
    for (const list of this.lists) {
      for (const row of list.left) if (row.number === statement) list.reach(row);
    }
    return this.rows.get(statement) ?? null;
  }

  /** @param {Links | null} links */
  show(links) {
    this.links = links;
    this.head.classList.toggle("pm-on", Boolean(links?.patches.has(this.patch.name)));
    for (const [number, row] of this.rows) this.#light(row, number);
  }

  /** @param {HTMLElement} row @param {number} number */
  #light(row, number) {
    row.classList.toggle("pm-on", Boolean(this.links?.statements.has(statementKey(this.patch.name, number))));
  }

  /** @param {Kept} kept */
  preview(kept) {
    this.kept = kept;
    const { statements, name } = this.patch;
    const told = statements.filter((_, number) => kept(statementKey(name, number)) === true).length;
    const filtered = statements.some((_, number) => kept(statementKey(name, number)) !== null);
    const { length } = statements;
    this.count.textContent = filtered
      ? this.say("keptShort", { kept: told, count: length })
      : this.say(length ? "notFiltered" : "nothingSaid", { count: length });
    this.bar.hidden = !filtered;
    this.bar.style.setProperty("--pm-share", String(length ? told / length : 0));
    for (const [number, row] of this.rows) this.#mark(row, number);
  }

  #build() {
    const { patch, say } = this;
    const parts = VERDICTS.flatMap((verdict) => this.#group(verdict));
    const texts = element("div");
    new Portions(texts, patch.passages, ({ source, text }) => this.#text(source, text), (count) => say("more", { count }));
    const merged = patch.sentences.length && patch.statements.length ? patch.sentences.map(({ text }) => text).join(" ") : "";
    const title = say(patch.role === "region" ? "descriptions" : "candidates");
    const candidates = element("details", { class: "pm-texts" }, [element("summary", { text: `${title} (${patch.passages.length})` }), texts]);
    if (!parts.length) candidates.open = true;
    if (!parts.length && !patch.passages.length) this.body.append(element("p", { class: "pm-hint", text: say("nothingSaid") }));
    this.body.append(...parts, ...(merged ? [this.#text(say("merged"), merged)] : []), ...(patch.passages.length ? [candidates] : []));
    moveByArrows(this.body, ".pm-statement");
  }

  /** @param {import("./scene_model.js").Verdict} verdict @returns {HTMLElement[]} */
  #group(verdict) {
    const numbers = this.patch.statements.flatMap((one, number) => (one.verdict === verdict ? [number] : []));
    if (!numbers.length) return [];
    const list = element("ul", { class: `pm-verdict pm-${verdict}` });
    const rows = verdict === "contradictory" ? rivalRows(this.patch, numbers, this.say) : numbers.map((number) => ({ number, set: "" }));
    this.lists.push(new Portions(list, rows, (row) => this.#row(row), (count) => this.say("more", { count })));
    return [element("h4", { text: this.say(verdict) }), list];
  }

  /** @param {Row} row */
  #row({ number, set }) {
    const row = statementRow(this.patch, number, this.pointing, this.say);
    this.rows.set(number, row);
    this.#mark(row, number);
    this.#light(row, number);
    if (set && set !== this.lastSet) markSet(row, set);
    this.lastSet = set || this.lastSet;
    return row;
  }

  /** @param {HTMLElement} row @param {number} number */
  #mark(row, number) {
    markRow(row, this.patch.statements[number].kept, this.kept(statementKey(this.patch.name, number)), this.say);
  }

  /** @param {string} source @param {string} text */
  #text(source, text) {
    return element("div", { class: "pm-passage" }, [
      element("small", { text: source, attributes: { dir: "auto" } }),
      modelText("p", text, "pm-words", (count) => this.say("wholeText", { count })),
    ]);
  }
}

/**
 * Rivals as rows, set by set, each with the name of its set where there are several.
 * @param {Patch} patch
 * @param {number[]} numbers
 * @param {Say} say
 * @returns {Row[]}
 */
function rivalRows({ statements }, numbers, say) {
  const sets = rivalSets(statements, numbers);
  /** @param {number} place */
  const name = (place) => (sets.length > 1 ? say("rivalSet", { number: place + 1, count: sets.length }) : "");
  return sets.flatMap((set, place) => set.map((number) => ({ number, set: name(place) })));
}
