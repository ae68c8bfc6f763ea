// The picture with its patches: one box per patch in its group's colour, which people can point at and walk through.

import { Portions, element, moveByArrows } from "./dom.js";
import { nameIn } from "./words.js";

/**
 * @typedef {import("./scene_model.js").SceneIndex} SceneIndex
 * @typedef {import("./scene_model.js").Box} Box
 * @typedef {import("./scene_model.js").Target} Target
 * @typedef {import("./inspector.js").Pointing} Pointing
 * @typedef {{kind: "patch" | "group" | "detection", name: string, box: Box}} Drawn
 */

const DRAWN = 400; // boxes at once
const SEEN = 40; // pieces of evidence at once
const NAMED = 24; // with more patches their names would cover the picture: then the one pointed at is named

export class PictureView {
  /**
   * @param {SceneIndex} index
   * @param {string} source the picture's address
   * @param {Pointing} pointing
   * @param {import("./words.js").Say} say
   */
  constructor(index, source, pointing, say) {
    this.index = index;
    const { image, detections } = index.scene;
    this.pointing = pointing;
    this.say = say;
    /** @type {import("./scene_model.js").Links | null} */
    this.links = null;
    /** @type {HTMLElement[]} what witnesses saw of what is highlighted */
    this.evidence = [];
    /** @type {Map<string, Drawn>} what is drawn, or can be, by the name that is highlighted */
    this.named = new Map();
    const frame = element("div", {
      class: `pm-picture ${index.drawn.length > NAMED ? "pm-many" : ""}`,
      style: { "aspect-ratio": `${image.width} / ${image.height}`, "--pm-ratio": String(image.width / image.height) },
      attributes: { role: "group", "aria-label": say("picture") },
    });
    frame.append(element("img", { attributes: { src: source, alt: image.name, draggable: "false" } }));
    const patches = index.drawn.map(({ name, box }) => this.#nameable({ kind: "patch", name, box }));
    const groups = index.groups.map(({ name, box }) => this.#nameable({ kind: "group", name, box }));
    const found = detections.map(({ box, label }) => /** @type {Drawn} */ ({ kind: "detection", name: label, box }));
    const more = (/** @type {number} */ count) => say("more", { count });
    this.drawn = new Portions(frame, [...patches, ...groups, ...found], (one) => this.#draw(one), more, DRAWN);
    moveByArrows(frame, ".pm-box");
    this.element = frame;
  }

  /** @param {import("./scene_model.js").Links | null} links */
  show(links) {
    this.links = links;
    this.element.classList.toggle("pm-pointed", Boolean(links?.boxes.size));
    for (const name of [...(links?.boxes ?? [])].slice(0, DRAWN)) this.#reach(name);
    for (const [one, made] of this.drawn.drawn) this.#light(made, one);
    this.#prove();
  }

  /** Draw where witnesses saw what speaks for or against the statements that are highlighted. */
  #prove() {
    for (const one of this.evidence) one.remove();
    const seen = this.index.seenOf(this.links?.statements ?? []).slice(0, SEEN);
    this.evidence = seen.flatMap((one) => (one.box ? [this.#evidence(one, one.box)] : []));
    this.element.append(...this.evidence);
  }

  /** @param {import("./scene_model.js").Testimony} testimony @param {Box} box */
  #evidence({ witness, ruling, evidence }, box) {
    const name = element("span", { text: `${witness}: ${evidence}`, attributes: { dir: "auto" } });
    return element("div", { class: `pm-seen pm-${ruling}`, style: this.#place(box) }, [name]);
  }

  /** Draw what is highlighted. @param {string} name */
  #reach(name) {
    const one = this.named.get(name);
    if (one) this.drawn.reach(one);
  }

  /** @param {HTMLElement} made @param {Drawn} one */
  #light(made, { kind, name }) {
    const on = kind !== "detection" && (this.links?.boxes.has(name) || this.links?.patches.has(name));
    made.classList.toggle("pm-on", Boolean(on));
  }

  /** @param {Drawn} one */
  #nameable(one) {
    this.named.set(one.name, one);
    return one;
  }

  /** @param {Drawn} one */
  #draw(one) {
    const { kind, name, box } = one;
    const made = kind === "patch" ? this.#patch(name, box) : kind === "group" ? this.#group(name, box) : this.#detection(box, name);
    this.#light(made, one);
    return made;
  }

  /** @param {string} name @param {Box} box */
  #patch(name, box) {
    /** @type {Target} */
    const target = { kind: "patch", patch: name };
    return element("button", {
      class: "pm-box",
      style: this.#place(box, name),
      attributes: { type: "button", tabindex: "-1", "aria-label": name },
      on: { ...this.pointing.listeners(target), click: () => this.pointing.openPatch(name) },
    }, [element("span", { class: "pm-name", text: nameIn(name, this.say), attributes: { dir: "auto" } })]);
  }

  /** @param {string} name @param {Box} box */
  #group(name, box) {
    return element("div", { class: "pm-group", style: this.#place(box, name) });
  }

  /** @param {Box} box @param {string} label */
  #detection(box, label) {
    const name = element("span", { text: label, attributes: { dir: "auto" } });
    return element("div", { class: "pm-detection", style: this.#place(box) }, [label !== "" && name]);
  }

  /** @param {Box} box @param {string} [name] @returns {Record<string, string>} */
  #place(box, name) {
    const { width, height } = this.index.scene.image;
    // a box of a Scene from elsewhere may reach out of the picture, and would cover the rest of the view
    const [left, right] = [box.left, box.right].map((edge) => share(edge, width));
    const [top, bottom] = [box.top, box.bottom].map((edge) => share(edge, height));
    return {
      left: percent(left),
      top: percent(top),
      width: percent(right - left),
      height: percent(bottom - top),
      "--pm-colour": this.index.colours.get(name ?? "") ?? "#fff",
    };
  }
}

/** Where an edge is along a side of the picture, from 0 to 1. @param {number} edge @param {number} side */
function share(edge, side) {
  return Math.min(1, Math.max(0, edge / side));
}

/** @param {number} part of 1 */
function percent(part) {
  return `${(100 * part).toFixed(3)}%`;
}
