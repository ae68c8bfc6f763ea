// The slider that shows what another keep_score would keep, without running anything.

import { button, element } from "./dom.js";
import { likelyKeepScore, previewKept } from "./keep_rules.js";
import { statementKey } from "./scene_model.js";

/**
 * @typedef {import("./scene_model.js").SceneIndex} SceneIndex
 * @typedef {import("./words.js").Say} Say
 * @typedef {(key: string) => boolean | null} Kept
 */

export class Threshold {
  /**
   * @param {SceneIndex} index
   * @param {Say} say
   * @param {(kept: Kept, keepScore: number) => void} changed
   */
  constructor(index, say, changed) {
    this.index = index;
    this.say = say;
    this.changed = changed;
    this.start = likelyKeepScore(index.scene);
    this.slider = element("input", {
      attributes: { type: "range", min: 0, max: 1, step: 0.01, "aria-label": say("preview") },
      on: { input: () => this.#update(), keydown: (/** @type {Event} */ event) => event.stopPropagation() },
    });
    this.value = element("output", { class: "pm-value" });
    this.total = element("span", { class: "pm-total", attributes: { "aria-live": "polite" } });
    this.change = element("span", { class: "pm-change" });
    this.reset = button(say("reset"), () => this.restore());
    const filtered = index.patches.some(({ statements }) => statements.some(({ kept }) => kept !== null));
    const barred = index.patches.some(({ statements }) => statements.some(({ bar }) => bar));
    this.element = element("section", { class: "pm-threshold", attributes: { hidden: !filtered } }, [
      element("div", { class: "pm-threshold-line" }, [element("h3", { text: say("preview") }), this.value]),
      this.slider,
      element("div", { class: "pm-threshold-line" }, [this.total, this.change, this.reset]),
      element("p", { class: "pm-hint", text: say("previewHint") }),
      element("p", { class: "pm-hint", text: say("barsHint"), attributes: { hidden: !barred } }),
    ]);
  }

  /** Back to what the engine kept. */
  restore() {
    this.slider.value = String(this.start);
    this.#tell(storedVerdicts(this.index), this.start);
  }

  #update() {
    const keepScore = Number(this.slider.value);
    this.#tell(keepScore === this.start ? storedVerdicts(this.index) : previewVerdicts(this.index, keepScore), keepScore);
  }

  /** @param {Map<string, boolean | null>} verdicts @param {number} keepScore */
  #tell(verdicts, keepScore) {
    const stored = storedVerdicts(this.index);
    const known = [...verdicts].filter(([, kept]) => kept !== null);
    const gained = known.filter(([key, kept]) => kept && !stored.get(key)).length;
    const lost = known.filter(([key, kept]) => !kept && stored.get(key)).length;
    this.value.textContent = keepScore.toFixed(2);
    this.total.textContent = this.say("keptOf", { kept: known.filter(([, kept]) => kept).length, count: known.length });
    this.change.textContent = gained || lost ? this.say("change", { gained, lost }) : "";
    this.reset.disabled = keepScore === this.start;
    this.slider.style.setProperty("--pm-share", String(keepScore));
    this.changed((key) => verdicts.get(key) ?? null, keepScore);
  }
}

/** @param {SceneIndex} index */
function storedVerdicts(index) {
  return verdictsOf(index, ({ statements }) => statements.map(({ kept }) => kept));
}

/** @param {SceneIndex} index @param {number} keepScore */
function previewVerdicts(index, keepScore) {
  return verdictsOf(index, (patch) => previewKept(patch, keepScore));
}

/**
 * @param {SceneIndex} index
 * @param {(patch: import("./scene_model.js").Patch) => (boolean | null)[]} kept
 * @returns {Map<string, boolean | null>}
 */
function verdictsOf(index, kept) {
  return new Map(index.patches.flatMap((patch) => kept(patch).map((verdict, number) => [statementKey(patch.name, number), verdict])));
}
