// The picture with its patches: one box per patch in its group's colour, which people can point at and walk through.

import { element, moveByArrows } from "./dom.js";

/**
 * @typedef {import("./scene_model.js").SceneIndex} SceneIndex
 * @typedef {import("./scene_model.js").Box} Box
 * @typedef {import("./scene_model.js").Target} Target
 * @typedef {import("./inspector.js").Pointing} Pointing
 */

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
    /** @type {Map<string, HTMLElement>} */
    this.boxes = new Map();
    const frame = element("div", {
      class: `pm-picture ${index.drawn.length > NAMED ? "pm-many" : ""}`,
      style: { "aspect-ratio": `${image.width} / ${image.height}`, "--pm-ratio": String(image.width / image.height) },
      attributes: { role: "group", "aria-label": say("picture") },
    });
    frame.append(element("img", { attributes: { src: source, alt: image.name, draggable: "false" } }));
    for (const { box, label } of detections) frame.append(this.#detection(box, label));
    for (const region of index.groups) frame.append(this.#group(region.name, region.box));
    for (const patch of index.drawn) frame.append(this.#patch(patch.name, patch.box, pointing));
    moveByArrows(frame, ".pm-box");
    this.element = frame;
  }

  /** @param {import("./scene_model.js").Links | null} links */
  show(links) {
    this.element.classList.toggle("pm-pointed", Boolean(links?.boxes.size));
    for (const [name, box] of this.boxes) box.classList.toggle("pm-on", Boolean(links?.boxes.has(name) || links?.patches.has(name)));
  }

  /** @param {string} name @param {Box} box @param {Pointing} pointing */
  #patch(name, box, pointing) {
    /** @type {Target} */
    const target = { kind: "patch", patch: name };
    const made = element("button", {
      class: "pm-box",
      style: this.#place(box, name),
      attributes: { type: "button", tabindex: "-1", "aria-label": name },
      on: { ...pointing.listeners(target), click: () => pointing.openPatch(name) },
    }, [element("span", { class: "pm-name", text: name, attributes: { dir: "auto" } })]);
    this.boxes.set(name, made);
    return made;
  }

  /** @param {string} name @param {Box} box */
  #group(name, box) {
    const made = element("div", { class: "pm-group", style: this.#place(box, name) });
    this.boxes.set(name, made);
    return made;
  }

  /** @param {Box} box @param {string} label */
  #detection(box, label) {
    const name = element("span", { text: label, attributes: { dir: "auto" } });
    return element("div", { class: "pm-detection", style: this.#place(box) }, [label !== "" && name]);
  }

  /** @param {Box} box @param {string} [name] @returns {Record<string, string>} */
  #place(box, name) {
    const { width, height } = this.index.scene.image;
    /** @param {number} share */
    const percent = (share) => `${(100 * share).toFixed(3)}%`;
    return {
      left: percent(box.left / width),
      top: percent(box.top / height),
      width: percent((box.right - box.left) / width),
      height: percent((box.bottom - box.top) / height),
      "--pm-colour": this.index.colours.get(name ?? "") ?? "#fff",
    };
  }
}
