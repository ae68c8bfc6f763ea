// Every patch with its candidates and statements. A patch's rows are built when it is opened, and in portions.

import { button, element, modelText, moveByArrows, reveal } from "./dom.js";
import { VERDICTS, markRow, statementRow } from "./statement_rows.js";
import { statementKey } from "./scene_model.js";

/**
 * @typedef {import("./scene_model.js").Patch} Patch
 * @typedef {import("./scene_model.js").SceneIndex} SceneIndex
 * @typedef {import("./scene_model.js").Links} Links
 * @typedef {import("./inspector.js").Pointing} Pointing
 * @typedef {import("./words.js").Say} Say
 * @typedef {(key: string) => boolean | null} Kept
 */

const PORTION = 120; // rows: more than a screen, and built in a few milliseconds

export class PatchList {
  /** @param {SceneIndex} index @param {Pointing} pointing @param {Say} say */
  constructor(index, pointing, say) {
    this.sections = index.listed.map((patch) => new PatchSection(patch, index, pointing, say));
    const regions = this.sections.filter(({ patch }) => patch.role === "region");
    const near = this.sections.filter(({ patch }) => patch.role !== "region");
    /** @param {PatchSection[]} sections */
    const elements = (sections) => sections.map((section) => section.element);
    this.element = element("section", { class: "pm-patches" }, [
      element("h3", { text: say("patches") }),
      ...elements(near),
      regions.length > 0 && element("h3", { text: say("groups") }),
      ...elements(regions),
    ]);
    moveByArrows(this.element, ".pm-patch-head");
  }

  /** @param {Links | null} links */
  show(links) {
    for (const section of this.sections) section.show(links);
  }

  /** @param {Kept} kept */
  preview(kept) {
    for (const section of this.sections) section.preview(kept);
  }

  /** Open a patch and bring it, or one of its statements, into view. @param {string} name @param {number} [statement] */
  open(name, statement) {
    const section = this.sections.find(({ patch }) => patch.name === name);
    if (!section) return;
    section.open(true);
    const row = statement === undefined ? null : section.rowOf(statement);
    (row ?? section.head).focus({ preventScroll: true });
    const shown = row ?? section.element;
    reveal(shown);
    requestAnimationFrame(() => reveal(shown)); // its height is an estimate until it was drawn
  }
}

class PatchSection {
  /** @param {Patch} patch @param {SceneIndex} index @param {Pointing} pointing @param {Say} say */
  constructor(patch, index, pointing, say) {
    this.patch = patch;
    this.pointing = pointing;
    this.say = say;
    /** @type {Map<number, HTMLElement>} */
    this.rows = new Map();
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
      element("span", { class: "pm-patch-name", text: patch.name, attributes: { dir: "auto" } }),
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
  }

  /** The row of a statement, built if need be. @param {number} statement */
  rowOf(statement) {
    while (!this.rows.has(statement)) {
      const more = /** @type {HTMLElement | null} */ (this.body.querySelector(".pm-more"));
      if (!more) return null;
      more.click();
    }
    return this.rows.get(statement) ?? null;
  }

  /** @param {Links | null} links */
  show(links) {
    const on = Boolean(links?.patches.has(this.patch.name));
    this.head.classList.toggle("pm-on", on);
    for (const [number, row] of this.rows) {
      row.classList.toggle("pm-on", Boolean(links?.statements.has(statementKey(this.patch.name, number))));
    }
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
    for (const number of this.rows.keys()) this.#mark(number);
  }

  #build() {
    const { patch, say } = this;
    const parts = VERDICTS.flatMap((verdict) => this.#group(verdict));
    const texts = patch.passages.map(({ source, text }) => this.#text(source, text));
    const merged = patch.sentences.length && patch.statements.length ? patch.sentences.map(({ text }) => text).join(" ") : "";
    const title = say(patch.role === "region" ? "descriptions" : "candidates");
    const candidates = element("details", { class: "pm-texts" }, [element("summary", { text: `${title} (${texts.length})` }), ...texts]);
    if (!parts.length) candidates.open = true;
    if (!parts.length && !texts.length) this.body.append(element("p", { class: "pm-hint", text: say("nothingSaid") }));
    this.body.append(...parts, ...(merged ? [this.#text(say("merged"), merged)] : []), ...(texts.length ? [candidates] : []));
    moveByArrows(this.body, ".pm-statement");
  }

  /** @param {import("./scene_model.js").Verdict} verdict @returns {HTMLElement[]} */
  #group(verdict) {
    const numbers = this.patch.statements.flatMap((one, number) => (one.verdict === verdict ? [number] : []));
    if (!numbers.length) return [];
    const list = element("ul", { class: `pm-verdict pm-${verdict}` });
    const sets = verdict === "contradictory" ? rivalSets(this.patch, numbers) : [numbers];
    this.#fill(list, sets.flat(), new Set(sets.slice(1).map(([first]) => first)));
    return [element("h4", { text: this.say(verdict) }), list];
  }

  /** @param {HTMLElement} list @param {number[]} numbers @param {Set<number>} firsts those that open another set of rivals */
  #fill(list, numbers, firsts) {
    for (const number of numbers.slice(0, PORTION)) {
      const row = statementRow(this.patch, number, this.pointing, this.say);
      this.rows.set(number, row);
      row.classList.toggle("pm-next-set", firsts.has(number));
      this.#mark(number);
      list.append(row);
    }
    const rest = numbers.slice(PORTION);
    if (!rest.length) return;
    const more = button(this.say("more", { count: rest.length }), () => {
      more.remove();
      this.#fill(list, rest, firsts);
    }, { class: "pm-more" });
    list.append(more);
  }

  /** @param {number} number */
  #mark(number) {
    const row = this.rows.get(number);
    if (row) markRow(row, this.patch.statements[number].kept, this.kept(statementKey(this.patch.name, number)), this.say);
  }

  /** @param {string} source @param {string} text */
  #text(source, text) {
    return element("div", { class: "pm-passage" }, [
      element("small", { text: source, attributes: { dir: "auto" } }),
      modelText("p", text, "pm-words", (count) => this.say("wholeText", { count })),
    ]);
  }
}

/** Sets of rivals, the best of each first, and the set with the best first. @param {Patch} patch @param {number[]} numbers */
function rivalSets({ statements }, numbers) {
  /** @type {Set<number>} */
  const placed = new Set();
  /** @param {number} number */
  const score = (number) => statements[number].score ?? -1;
  /** @param {number[]} some */
  const ranked = (some) => [...some].sort((a, b) => score(b) - score(a));
  /** @type {number[][]} */
  const sets = [];
  for (const number of ranked(numbers)) {
    if (placed.has(number)) continue;
    const rivals = statements[number].rivals.filter((rival) => statements[rival].verdict === "contradictory" && !placed.has(rival));
    const set = [number, ...ranked(rivals)];
    for (const one of set) placed.add(one);
    sets.push(set);
  }
  return sets;
}
