// The interactive view of a Scene: picture, caption, threshold and patches, and what is highlighted in all of them.

import { CaptionView } from "./caption_view.js";
import { Portions, button, copyText, element, stylesheet } from "./dom.js";
import { PatchList } from "./patch_list.js";
import { PictureView } from "./picture_view.js";
import { SceneIndex, readScene } from "./scene_model.js";
import { Threshold } from "./threshold.js";

/**
 * @typedef {import("./scene_model.js").Target} Target
 * @typedef {import("./words.js").Say} Say
 *
 * A temporary file of the server, as its /view takes it, and the two files of one picture's Scene.
 * @typedef {{filename: string, subfolder: string, type: string}} FileReference
 * @typedef {{scene: FileReference, picture: FileReference}} SceneFiles
 *
 * @typedef {{load: (file: FileReference) => Promise<string>, address: (file: FileReference) => string}} Files
 *
 * How parts of the view say what people point at, and ask for what they pressed.
 * @typedef {{listeners: (target: Target) => Record<string, (event: any) => void>, explain: (sentence: number | null) => void,
 *            openPatch: (patch: string) => void, openStatement: (patch: string, statement: number) => void}} Pointing
 *
 * @typedef {{picture: PictureView, caption: CaptionView, threshold: Threshold, patches: PatchList}} Parts
 */

const SAID_FOR = 1600; // milliseconds that "Copied" stays

export class Inspector {
  /** @param {Files} files @param {() => Say} language */
  constructor(files, language) {
    this.files = files;
    this.language = language;
    /** @type {SceneFiles[]} */
    this.scenes = [];
    this.position = 0;
    /** @type {Parts | null} */
    this.parts = null;
    /** @type {SceneIndex | null} */
    this.index = null;
    /** @type {Target | null} what was pressed last */
    this.pinned = null;
    /** @type {Target | null} what the pointer is over */
    this.under = null;
    this.pointer = "";
    this.json = "";
    this.body = element("div", { class: "pm-body" });
    this.head = element("header", { class: "pm-head" });
    this.said = element("span", { class: "pm-told", attributes: { role: "status" } });
    this.element = element("div", {
      class: "pm-inspector",
      attributes: { "data-capture-wheel": "true", tabindex: "-1", lang: "" },
      on: {
        keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
        mousemove: (/** @type {MouseEvent} */ event) => this.#point(event),
        mouseleave: () => this.#highlight(this.pinned),
      },
    }, [stylesheet(), this.head, this.body]);
    this.#message(language()("empty"));
  }

  /** Show the Scenes of a run, the same one of the batch as before. @param {SceneFiles[]} scenes */
  async show(scenes) {
    this.scenes = scenes;
    this.position = Math.min(this.position, Math.max(0, scenes.length - 1));
    await this.#load();
  }

  async #load() {
    const files = this.scenes[this.position];
    if (!files) return;
    const say = this.language();
    if (!this.parts) this.#message(say("loading"));
    try {
      const text = await this.files.load(files.scene);
      if (files !== this.scenes[this.position]) return; // another one was asked for meanwhile
      this.#build(new SceneIndex(readScene(text)), text, this.files.address(files.picture), say);
    } catch (error) {
      this.parts = null;
      this.#message(say("unreadable", { problem: error instanceof Error ? error.message : String(error) }));
    }
  }

  /** @param {SceneIndex} index @param {string} json @param {string} picture @param {Say} say */
  #build(index, json, picture, say) {
    this.json = json;
    this.index = index;
    this.pinned = null;
    this.under = null;
    const pointing = this.#pointing();
    const parts = {
      picture: new PictureView(index, picture, pointing, say),
      caption: new CaptionView(index, pointing, say),
      patches: new PatchList(index, pointing, say),
      threshold: new Threshold(index, say, (kept, keepScore) => {
        this.element.style.setProperty("--pm-limit", String(keepScore));
        parts.caption.preview(kept);
        parts.patches.preview(kept);
      }),
    };
    this.parts = parts;
    parts.threshold.restore();
    this.head.replaceChildren(...this.#heading(index, say));
    this.body.replaceChildren(
      element("div", { class: "pm-column" }, [parts.picture.element, parts.caption.element]),
      element("div", { class: "pm-column" }, [notices(index, say), parts.threshold.element, parts.patches.element]),
    );
  }

  /** @param {SceneIndex} index @param {Say} say @returns {HTMLElement[]} */
  #heading({ scene }, say) {
    const { image, stage } = scene;
    const title = element("div", { class: "pm-title" }, [
      element("strong", { text: image.name, title: image.name, attributes: { dir: "auto" } }),
      element("small", { text: `${image.width} × ${image.height} · ${stage}`, title: say("stage", { stage }) }),
    ]);
    const caption = scene.caption.map(({ text }) => text).join(" ");
    const copyCaption = button(say("copyCaption"), () => this.#copy(caption, say), { attributes: { disabled: !caption } });
    const copyJson = button(say("copyJson"), () => this.#copy(this.json, say));
    return [...this.#pages(say), title, this.said, copyCaption, copyJson];
  }

  /** @param {Say} say @returns {HTMLElement[]} */
  #pages(say) {
    const count = this.scenes.length;
    if (count < 2) return [];
    /** @param {number} step */
    const turn = (step) => () => {
      this.position = (this.position + step + count) % count;
      void this.#load();
    };
    return [element("div", { class: "pm-pages" }, [
      button("‹", turn(-1), { class: "pm-icon", attributes: { "aria-label": say("previous") } }),
      element("span", { text: say("position", { number: this.position + 1, count }), attributes: { "aria-live": "polite" } }),
      button("›", turn(1), { class: "pm-icon", attributes: { "aria-label": say("next") } }),
    ])];
  }

  /** @returns {Pointing} */
  #pointing() {
    /** @param {Target} target */
    const listeners = (target) => ({
      mouseenter: () => { this.under = target; },
      mouseleave: () => { this.under = null; },
      focus: () => this.#highlight(target),
      blur: () => this.#highlight(this.pinned),
    });
    return {
      listeners,
      explain: (sentence) => this.#explain(sentence),
      openPatch: (patch) => this.#open({ kind: "patch", patch }),
      openStatement: (patch, statement) => this.#open({ kind: "statement", patch, statement }, statement),
    };
  }

  /**
   * Highlight what the pointer is over, once it was moved itself: browsers send the same events where the view scrolls,
   * or opens something, under a pointer at rest, and what was pressed would lose to its neighbour.
   * @param {MouseEvent} event
   */
  #point({ screenX, screenY }) {
    const pointer = `${screenX} ${screenY}`;
    if (pointer === this.pointer) return;
    this.pointer = pointer;
    this.#highlight(this.under ?? this.pinned);
  }

  /** Show a patch, or one of its statements, in the list. @param {Target & {patch: string}} target @param {number} [statement] */
  #open(target, statement) {
    this.pinned = target;
    this.parts?.patches.open(target.patch, statement);
    this.#highlight(target);
  }

  /** Show the statements behind a sentence; the same sentence again closes them. @param {number | null} sentence */
  #explain(sentence) {
    const open = this.pinned?.kind === "sentence" && this.pinned.sentence === sentence;
    const wanted = open ? null : sentence;
    this.pinned = wanted === null ? null : { kind: "sentence", sentence: wanted };
    this.parts?.caption.explain(wanted);
    this.#highlight(this.pinned);
  }

  /** @param {Target | null} target */
  #highlight(target) {
    if (!this.parts || !this.index) return;
    const links = target && this.index.linksOf(target);
    this.parts.picture.show(links);
    this.parts.caption.show(links);
    this.parts.patches.show(links);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || !this.pinned) return;
    event.stopPropagation();
    this.#explain(null);
  }

  /** @param {string} text @param {Say} say */
  async #copy(text, say) {
    this.said.textContent = say((await copyText(text, this.element)) ? "copied" : "notCopied");
    setTimeout(() => { this.said.textContent = ""; }, SAID_FOR);
  }

  /** @param {string} text */
  #message(text) {
    this.head.replaceChildren();
    this.body.replaceChildren(element("p", { class: "pm-message", text, attributes: { role: "status" } }));
  }
}

/** Warnings and failures of the Scene, folded. @param {SceneIndex} index @param {Say} say */
function notices({ scene }, say) {
  const lines = [...scene.warnings, ...scene.failures.map(({ message }) => message)];
  if (!lines.length) return null;
  const list = element("ul");
  const draw = (/** @type {number} */ line) => element("li", { text: lines[line], attributes: { dir: "auto" } });
  new Portions(list, [...lines.keys()], draw, (count) => say("more", { count }));
  return element("details", { class: "pm-notices" }, [
    element("summary", { text: `${say("warnings")} (${lines.length})` }),
    list,
  ]);
}
