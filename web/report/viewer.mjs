// One picture over the grid: the pack's inspector of its Scene, and its caption to be edited.

import { button, element } from "../js/dom.js";
import { Inspector } from "../js/inspector.js";
import { sayIn } from "../js/words.js";
import { HERE, tell, tokensTold } from "./words.mjs";

/**
 * @typedef {import("./rows.mjs").Row} Row
 * @typedef {import("./edits.mjs").Edits} Edits
 * @typedef {import("./scenes.mjs").SceneScripts} SceneScripts
 * @typedef {{changed: (position: number) => void, closed: (position: number) => void}} Listener
 */

const WRITING = "textarea, input, select";

export class Viewer {
  /** @param {Edits} edits @param {SceneScripts} scenes @param {Listener} listener */
  constructor(edits, scenes, listener) {
    this.edits = edits;
    this.listener = listener;
    /** @type {Row[]} */
    this.rows = [];
    this.position = 0;
    const files = {
      load: (/** @type {{filename: string}} */ { filename }) => scenes.load(filename),
      address: (/** @type {{filename: string}} */ { filename }) => filename,
    };
    this.inspector = new Inspector(files, () => sayIn(HERE));
    this.inspector.element.addEventListener("error", (event) => this.#missing(event), true);
    this.name = element("strong", { class: "pmr-name", attributes: { dir: "auto" } });
    this.place = element("span", { class: "pmr-place", attributes: { "aria-live": "polite" } });
    this.left = element("div", { class: "pmr-left" });
    this.text = element("textarea", {
      class: "pmr-edit",
      attributes: { "aria-label": tell("edit"), dir: "auto", spellcheck: "true" },
      on: { input: () => this.#edited() },
    });
    this.original = button(tell("original"), () => this.#restore());
    this.notice = element("p", { class: "pmr-notice", attributes: { role: "status" } });
    this.facts = element("p", { class: "pmr-facts" });
    this.element = element("dialog", {
      class: "pmr-viewer",
      attributes: { "aria-label": tell("edit") },
      on: {
        close: () => this.listener.closed(this.position),
        keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
      },
    }, [this.#head(), element("div", { class: "pmr-sides" }, [this.left, this.#side()])]);
  }

  /** @param {Row[]} rows those that are shown @param {number} position */
  open(rows, position) {
    this.rows = rows;
    if (!this.element.open) this.element.showModal();
    this.#show(position);
    this.text.focus({ preventScroll: true });
  }

  #head() {
    const named = (/** @type {string} */ sign, /** @type {string} */ name, /** @type {() => void} */ press) =>
      button(sign, press, { class: "pm-icon", title: name, attributes: { "aria-label": name } });
    return element("header", { class: "pmr-head" }, [
      named("‹", tell("previousPicture"), () => this.#turn(-1)),
      this.place,
      named("›", tell("nextPicture"), () => this.#turn(1)),
      this.name,
      named("✕", tell("close"), () => this.element.close()),
    ]);
  }

  #side() {
    const hint = element("p", { class: "pmr-facts", text: tell("editHint") });
    return element("section", { class: "pmr-right" }, [
      element("h2", { text: tell("edit") }), this.text, this.original, this.notice, hint, this.facts,
    ]);
  }

  /** @param {number} step */
  #turn(step) {
    const count = this.rows.length;
    this.#show((this.position + step + count) % count);
  }

  /** @param {number} position */
  #show(position) {
    this.position = position;
    const row = this.rows[position];
    this.name.textContent = row.key;
    this.name.title = row.path;
    this.place.textContent = tell("ofShown", { number: position + 1, count: this.rows.length });
    this.text.value = this.edits.textOf(row);
    this.facts.textContent = tell("facts", { seconds: row.seconds.toFixed(1), calls: row.calls, tokens: tokensTold(row.tokens, row.calls) });
    this.#told(row);
    if (row.scene === null) return this.left.replaceChildren(failure(row));
    this.left.replaceChildren(this.inspector.element);
    void this.inspector.show([{ scene: reference(row.scene), picture: reference(row.picture ?? row.thumb ?? "") }]);
  }

  /** @param {Row} row */
  #told(row) {
    this.original.disabled = !this.edits.isEdited(row);
    const notices = [this.edits.isOfAnother(row) && tell("changed"), this.edits.problem && tell("notKept", { problem: this.edits.problem })];
    this.notice.textContent = notices.filter(Boolean).join(" ");
  }

  #edited() {
    this.edits.set(this.rows[this.position], this.text.value);
    this.#told(this.rows[this.position]);
    this.listener.changed(this.position);
  }

  #restore() {
    this.edits.forget(this.rows[this.position]);
    this.text.value = this.rows[this.position].text;
    this.#edited();
    this.text.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const writing = event.target instanceof Element && event.target.matches(WRITING);
    const turns = /** @type {Record<string, number>} */ (event.ctrlKey || event.metaKey ? { Enter: event.shiftKey ? -1 : 1 } : writing ? {} : { n: 1, p: -1 });
    const step = turns[event.key];
    if (step === undefined || event.altKey) return;
    event.preventDefault();
    this.#turn(step);
    if (writing) this.text.focus();
  }

  /** The picture was moved since: show its thumbnail, and say so. @param {Event} event */
  #missing(event) {
    const [image, row] = [event.target, this.rows[this.position]];
    if (!(image instanceof HTMLImageElement) || !row.thumb || image.getAttribute("src") === row.thumb) return;
    image.src = row.thumb;
    this.notice.textContent = tell("noPicture", { address: row.path });
  }
}

/** @param {string} filename */
function reference(filename) {
  return { filename, subfolder: "", type: "" };
}

/** What is shown of a picture without a Scene. @param {Row} row */
function failure(row) {
  const address = row.picture ?? row.thumb;
  return element("div", { class: "pmr-failure" }, [
    address !== null && element("img", { attributes: { src: address, alt: row.key } }),
    element("p", { text: tell("failure", { problem: row.error ?? "" }), attributes: { dir: "auto" } }),
  ]);
}
