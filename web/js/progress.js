// What a running node is doing, under the node: stage, patch, steps and the text as it is written.
// It floats over the canvas and changes no node's size; the host draws the progress bar itself.

import { element, stylesheet } from "./dom.js";
import { nameIn } from "./words.js";

/**
 * @typedef {{node: string, stage: string, name: string, done: number, total: number, text: string}} Progress
 * @typedef {{left: number, top: number, width: number, height: number}} Rectangle where a node is on the page
 */

const GAP = 8;
const NARROWEST = 220;
const ENDS = ["execution_success", "execution_error", "execution_interrupted", "execution_start"];

export class ProgressNotes {
  /**
   * @param {(node: string) => Rectangle | null} placeOf where a running node, or the subgraph around it, is shown
   * @param {() => HTMLElement} ground what the notes are put into: the element around the canvas
   * @param {() => import("./words.js").Say} language
   */
  constructor(placeOf, ground, language) {
    this.language = language;
    this.placeOf = placeOf;
    this.ground = ground;
    /** @type {Map<string, HTMLElement>} */
    this.notes = new Map();
    this.following = false;
  }

  /** @param {EventTarget} api */
  listen(api) {
    api.addEventListener("patchmatters.progress", (event) => this.tell(/** @type {CustomEvent<Progress>} */ (event).detail));
    api.addEventListener("progress_state", (event) => this.keepRunning(/** @type {CustomEvent} */ (event).detail.nodes));
    for (const end of ENDS) api.addEventListener(end, () => this.clear());
  }

  /** Show what a node does. @param {Progress} progress */
  tell(progress) {
    const note = this.notes.get(progress.node) ?? this.#note(progress.node);
    const [head, text] = /** @type {HTMLElement[]} */ ([...note.children]);
    const steps = progress.total ? ` ${progress.done}/${progress.total}` : "";
    const say = this.language();
    head.textContent = [nameIn(progress.stage, say) + steps, nameIn(progress.name, say)].filter(Boolean).join(" · ");
    text.textContent = progress.text;
    text.hidden = !progress.text;
    this.#follow();
  }

  /** Drop the notes of nodes that are done. @param {Record<string, {state: string, display_node_id?: string, node_id: string}>} states */
  keepRunning(states) {
    const running = Object.values(states).filter(({ state }) => state === "running");
    const shown = new Set(running.map(({ display_node_id, node_id }) => String(display_node_id ?? node_id)));
    for (const [node, note] of this.notes) {
      if (shown.has(node)) continue;
      note.remove();
      this.notes.delete(node);
    }
  }

  clear() {
    for (const note of this.notes.values()) note.remove();
    this.notes.clear();
  }

  /** @param {string} node */
  #note(node) {
    const note = element("div", { class: "pm-progress", attributes: { role: "status" } }, [
      element("strong"), element("p", { attributes: { dir: "auto" } }), stylesheet(),
    ]);
    this.notes.set(node, note);
    this.ground().append(note);
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
