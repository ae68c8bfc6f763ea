// The caption, sentence by sentence, and the statements behind the sentence that was pressed.

import { Portions, button, element, modelText, moveByArrows, pressedByKey, reveal } from "./dom.js";
import { statementKey } from "./scene_model.js";
import { scoreMeter } from "./statement_rows.js";

/**
 * @typedef {import("./scene_model.js").SceneIndex} SceneIndex
 * @typedef {import("./scene_model.js").Links} Links
 * @typedef {import("./scene_model.js").Target} Target
 * @typedef {import("./inspector.js").Pointing} Pointing
 * @typedef {import("./words.js").Say} Say
 */

const DOTS = 5;

export class CaptionView {
  /** @param {SceneIndex} index @param {Pointing} pointing @param {Say} say */
  constructor(index, pointing, say) {
    this.index = index;
    this.pointing = pointing;
    this.say = say;
    /** @type {Links | null} */
    this.links = null;
    /** @type {(key: string) => boolean | null} */
    this.kept = () => null;
    this.evidence = element("div", { class: "pm-evidence", attributes: { hidden: true } });
    const text = element("div", { class: "pm-caption-text", attributes: { role: "group", "aria-label": say("caption") } });
    const numbers = [...index.scene.caption.keys()];
    this.sentences = new Portions(text, numbers, (number) => this.#sentence(number), (count) => say("more", { count }));
    moveByArrows(text, ".pm-sentence");
    const { problem } = index.scene;
    const told = problem ? say("problem", { problem }) : say(numbers.length ? "sentenceHint" : "noCaption");
    const hint = element("p", {
      class: problem ? "pm-hint pm-problem" : "pm-hint", text: told, attributes: problem ? { role: "alert", dir: "auto" } : {},
    });
    this.element = element("section", { class: "pm-caption" }, [element("h3", { text: say("caption") }), text, hint]);
  }

  /** @param {Links | null} links */
  show(links) {
    this.links = links;
    for (const [number, sentence] of this.sentences.drawn) this.#light(sentence, number);
    this.element.classList.toggle("pm-pointed", Boolean(links?.sentences.size));
  }

  /** Strike the sentences of which no statement would be kept. @param {(key: string) => boolean | null} kept */
  preview(kept) {
    this.kept = kept;
    for (const [number, sentence] of this.sentences.drawn) this.#strike(sentence, number);
  }

  /** Show the statements behind a sentence under it, or none. @param {number | null} number */
  explain(number) {
    for (const [one, drawn] of this.sentences.drawn) drawn.setAttribute("aria-expanded", String(one === number));
    this.evidence.hidden = number === null;
    const sentence = number === null ? null : this.sentences.reach(number);
    if (number === null || !sentence) return;
    this.#fillEvidence(number);
    sentence.after(this.evidence);
    reveal(this.evidence, sentence);
  }

  /** @param {number} number */
  #fillEvidence(number) {
    const { basis } = this.index.scene.caption[number];
    const title = element("div", { class: "pm-evidence-title" }, [
      element("h4", { text: this.say("evidence") }),
      button("✕", () => this.pointing.explain(null), { class: "pm-icon", attributes: { "aria-label": this.say("close") } }),
    ]);
    const rows = element("div");
    new Portions(rows, [...basis], (one) => this.#evidenceRow(one), (count) => this.say("more", { count }));
    if (!basis.length) rows.append(element("p", { class: "pm-hint", text: this.say("noBasis") }));
    this.evidence.replaceChildren(title, rows);
  }

  /** @param {HTMLElement} sentence @param {number} number */
  #light(sentence, number) {
    sentence.classList.toggle("pm-on", Boolean(this.links?.sentences.has(number)));
  }

  /** @param {HTMLElement} sentence @param {number} number */
  #strike(sentence, number) {
    const { basis } = this.index.scene.caption[number];
    const verdicts = basis.map(({ patch, statement }) => this.kept(statementKey(patch, statement)));
    const lost = verdicts.filter((verdict) => verdict === false).length;
    sentence.classList.toggle("pm-lost", lost > 0 && lost === verdicts.length);
    sentence.classList.toggle("pm-weaker", lost > 0 && lost < verdicts.length);
  }

  /** @param {number} number */
  #sentence(number) {
    const { text, basis } = this.index.scene.caption[number];
    /** @type {Target} */
    const target = { kind: "sentence", sentence: number };
    const press = () => this.pointing.explain(number);
    const colours = [...new Set(basis.map(({ patch }) => this.index.colours.get(patch) ?? ""))].slice(0, DOTS);
    const dots = colours.map((colour) => element("i", { class: "pm-dot", style: { "--pm-colour": colour } }));
    const more = (/** @type {number} */ count) => this.say("wholeText", { count });
    const made = element("span", {
      class: `pm-sentence ${basis.length ? "" : "pm-unfounded"}`,
      style: { "--pm-colour": colours[0] ?? "transparent" },
      attributes: { role: "button", tabindex: "-1", "aria-expanded": "false" },
      on: { ...this.pointing.listeners(target), click: press, keydown: pressedByKey(press) },
    }, [modelText("span", text, "pm-words", more), dots.length > 0 && element("span", { class: "pm-dots" }, dots)]);
    this.#light(made, number);
    this.#strike(made, number);
    return made;
  }

  /** @param {import("./scene_model.js").Basis} basis */
  #evidenceRow({ patch, statement }) {
    const place = this.index.byName.get(patch);
    const said = place?.statements[statement];
    if (!place || !said) return element("div");
    const open = () => this.pointing.openStatement(patch, statement);
    return element("div", {
      class: "pm-evidence-row",
      style: { "--pm-colour": this.index.colours.get(patch) ?? "" },
      attributes: { role: "button", tabindex: "0" },
      on: { ...this.pointing.listeners({ kind: "statement", patch, statement }), click: open, keydown: pressedByKey(open) },
    }, [
      element("span", { class: "pm-chip", text: this.index.boxesOf(patch, statement).join(" + "), title: patch, attributes: { dir: "auto" } }),
      modelText("span", said.text, "pm-words", (count) => this.say("wholeText", { count })),
      scoreMeter(place, statement, this.say) ??
        element("span", { class: "pm-support", text: this.say("saidBy", { count: said.sources.length }) }),
    ]);
  }
}
