// What a running node is doing, under the node: stage, patch, steps and the text as it is written.
// It floats over the canvas and changes no node's size; the host draws the progress bar itself.

import { element } from "./dom.js";

/**
 * @typedef {{node: string, stage: string, name: string, done: number, total: number, text: string}} Progress
 * @typedef {{left: number, top: number, width: number, height: number}} Rectangle where a node is on the page
 */

const GAP = 8;
const NARROWEST = 220;
const ENDS = ["execution_success", "execution_error", "execution_interrupted", "execution_start"];

export class ProgressNotes {
  /** @param {(node: string) => Rectangle | null} placeOf where a running node, or the subgraph around it, is shown */
  constructor(placeOf) {
    this.placeOf = placeOf;
    /** @type {Map<string, HTMLElement>} */
    this.notes = new Map();
    this.following = false;
  }

  /** @param {EventTarget} api */
  listen(api) {
    api.addEventListener("patchmatters.progress", (event) => this.tell(/** @type {CustomEvent<Progress>} */ (event).detail));
    for (const end of ENDS) api.addEventListener(end, () => this.clear());
  }

  /** Show what a node does; a Progress without a stage says that it is done. @param {Progress} progress */
  tell(progress) {
    if (!progress.stage) {
      this.notes.get(progress.node)?.remove();
      this.notes.delete(progress.node);
      return;
    }
    const note = this.notes.get(progress.node) ?? this.#note(progress.node);
    const [head, text] = /** @type {HTMLElement[]} */ ([...note.children]);
    const steps = progress.total ? ` · ${progress.done}/${progress.total}` : "";
    head.textContent = [progress.stage, progress.name].filter(Boolean).join(" · ") + steps;
    text.textContent = progress.text;
    text.hidden = !progress.text;
    this.#follow();
  }

  clear() {
    for (const note of this.notes.values()) note.remove();
    this.notes.clear();
  }

  /** @param {string} node */
  #note(node) {
    const note = element("div", { class: "pm-progress", attributes: { role: "status" } }, [
      element("strong"), element("p", { attributes: { dir: "auto" } }),
    ]);
    this.notes.set(node, note);
    document.body.append(note);
    return note;
  }

  /** Keep the notes under their nodes for as long as there are any. */
  #follow() {
    if (this.following) return;
    this.following = true;
    const step = () => {
      for (const [node, note] of this.notes) this.#place(node, note);
      this.following = this.notes.size > 0;
      if (this.following) requestAnimationFrame(step);
    };
    step();
  }

  /** @param {string} node @param {HTMLElement} note */
  #place(node, note) {
    const place = this.placeOf(node);
    note.hidden = !place;
    if (!place) return;
    note.style.transform = `translate(${place.left}px, ${place.top + place.height + GAP}px)`;
    note.style.width = `${Math.max(NARROWEST, place.width)}px`;
  }
}
