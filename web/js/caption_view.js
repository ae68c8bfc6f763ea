// The caption, sentence by sentence, and the statements behind the sentence that was pressed.

import { button, element, modelText, moveByArrows, pressedByKey, reveal } from "./dom.js";
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
const PORTION = 200; // sentences: more than any caption has, and drawn in a few milliseconds

export class CaptionView {
  /** @param {SceneIndex} index @param {Pointing} pointing @param {Say} say */
  constructor(index, pointing, say) {
    this.index = index;
    this.pointing = pointing;
    this.say = say;
    /** @type {HTMLElement[]} */
    this.sentences = [];
    /** @type {(key: string) => boolean | null} */
    this.kept = () => null;
    const text = element("p", { class: "pm-caption-text", attributes: { role: "group", "aria-label": say("caption") } });
    this.#tell(text);
    moveByArrows(text, ".pm-sentence");
    this.evidence = element("div", { class: "pm-evidence", attributes: { hidden: true } });
    const hint = element("p", { class: "pm-hint", text: say(this.sentences.length ? "sentenceHint" : "noCaption") });
    this.element = element("section", { class: "pm-caption" }, [
      element("h3", { text: say("caption") }), text, this.evidence, hint,
    ]);
  }

  /** @param {Links | null} links */
  show(links) {
    this.sentences.forEach((sentence, number) => sentence.classList.toggle("pm-on", Boolean(links?.sentences.has(number))));
    this.element.classList.toggle("pm-pointed", Boolean(links?.sentences.size));
  }

  /** Strike the sentences of which no statement would be kept. @param {(key: string) => boolean | null} kept */
  preview(kept) {
    this.kept = kept;
    this.sentences.forEach((_, number) => this.#mark(number));
  }

  /** @param {number} number */
  #mark(number) {
    const { basis } = this.index.scene.caption[number];
    const verdicts = basis.map(({ patch, statement }) => this.kept(statementKey(patch, statement)));
    const lost = verdicts.filter((verdict) => verdict === false).length;
    this.sentences[number].classList.toggle("pm-lost", lost > 0 && lost === verdicts.length);
    this.sentences[number].classList.toggle("pm-weaker", lost > 0 && lost < verdicts.length);
  }

  /** The next portion of sentences, and a button for the rest. @param {HTMLElement} text */
  #tell(text) {
    const { caption } = this.index.scene;
    const end = Math.min(this.sentences.length + PORTION, caption.length);
    while (this.sentences.length < end) {
      const sentence = this.#sentence(this.sentences.length);
      this.sentences.push(sentence);
      this.#mark(this.sentences.length - 1);
      text.append(sentence, " ");
    }
    if (end === caption.length) return;
    const more = button(this.say("more", { count: caption.length - end }), () => {
      more.remove();
      this.#tell(text);
    }, { class: "pm-more" });
    text.append(more);
  }

  /** Show the statements behind a sentence, or none. @param {number | null} number */
  explain(number) {
    this.sentences.forEach((sentence, one) => sentence.setAttribute("aria-expanded", String(one === number)));
    this.evidence.hidden = number === null;
    if (number === null) return;
    const { basis } = this.index.scene.caption[number];
    const title = element("div", { class: "pm-evidence-title" }, [
      element("h4", { text: this.say("evidence") }),
      button("✕", () => this.pointing.explain(null), { class: "pm-icon", attributes: { "aria-label": this.say("close") } }),
    ]);
    const rows = basis.map((one) => this.#evidenceRow(one));
    const none = !basis.length && element("p", { class: "pm-hint", text: this.say("noBasis") });
    this.evidence.replaceChildren(title, ...rows, ...(none ? [none] : []));
    reveal(this.evidence);
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
    return element("span", {
      class: `pm-sentence ${basis.length ? "" : "pm-unfounded"}`,
      style: { "--pm-colour": colours[0] ?? "transparent" },
      attributes: { role: "button", tabindex: "-1", "aria-expanded": "false" },
      on: { ...this.pointing.listeners(target), click: press, keydown: pressedByKey(press) },
    }, [modelText("span", text, "pm-words", more), dots.length > 0 && element("span", { class: "pm-dots" }, dots)]);
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
