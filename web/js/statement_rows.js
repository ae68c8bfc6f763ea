// One statement as a row: its verdict as a mark, its words, how many said it, its score against the threshold.

import { element, modelText } from "./dom.js";
import { statementKey } from "./scene_model.js";

/**
 * @typedef {import("./scene_model.js").Patch} Patch
 * @typedef {import("./scene_model.js").Verdict} Verdict
 * @typedef {import("./inspector.js").Pointing} Pointing
 * @typedef {import("./words.js").Say} Say
 */

/** @type {Verdict[]} */
export const VERDICTS = ["same", "contradictory", "unique", "refused"];

/**
 * A statement's score from 0 to 1 as a bar. Its threshold line follows the custom property --pm-limit of an ancestor
 * (keep_score), or stands at the statement's own bar: always where it was agreed on, else where that is higher.
 * @param {import("./scene_model.js").Statement & {score: number}} statement
 * @param {Say} say
 */
export function scoreMeter({ verdict, score, bar }, say) {
  const own = String(bar ?? 0);
  return element("span", { class: "pm-score", attributes: { "aria-label": say("scoreHint", { score: score.toFixed(2), limit: "" }) } }, [
    element("span", { class: "pm-meter", style: { "--pm-score": String(Math.min(1, Math.max(0, score))), ...(verdict === "same" ? { "--pm-limit": own } : { "--pm-bar": own }) } }),
    element("span", { class: "pm-number", text: score.toFixed(2) }),
  ]);
}

/**
 * @param {Patch} patch
 * @param {number} number
 * @param {Pointing} pointing
 * @param {Say} say
 */
export function statementRow(patch, number, pointing, say) {
  const statement = patch.statements[number];
  const sources = statement.sources.map((source) => patch.passages[source]?.source ?? "").join(", ");
  const reason = statement.verdict === "same" ? "" : statement.reason; // of agreed ones it says no more than the number
  const words = element("span", { class: "pm-said" }, [
    modelText("span", statement.text, "pm-words", (count) => say("wholeText", { count })),
    reason !== "" && element("small", { class: "pm-reason", text: reason, attributes: { dir: "auto" } }),
  ]);
  return element("li", {
    class: "pm-statement",
    attributes: { tabindex: "-1", "data-key": statementKey(patch.name, number) },
    on: pointing.listeners({ kind: "statement", patch: patch.name, statement: number }),
  }, [
    element("span", { class: "pm-mark" }),
    words,
    element("span", { class: "pm-measure" }, [
      element("span", { class: "pm-support", text: say("saidBy", { count: statement.sources.length }), title: say("saidByHint", { sources }) }),
      statement.score !== null && scoreMeter({ ...statement, score: statement.score }, say),
    ]),
  ]);
}

/**
 * Show a row as kept or dropped, and where a preview says otherwise than the engine did.
 * @param {HTMLElement} row
 * @param {boolean | null} stored
 * @param {boolean | null} previewed
 * @param {Say} say
 */
export function markRow(row, stored, previewed, say) {
  row.classList.toggle("pm-kept", previewed === true);
  row.classList.toggle("pm-dropped", previewed === false);
  row.classList.toggle("pm-changed", stored !== previewed);
  const mark = /** @type {HTMLElement} */ (row.firstElementChild);
  const word = previewed === null ? null : stored === previewed ? (previewed ? "kept" : "dropped") : previewed ? "wouldKeep" : "wouldDrop";
  mark.textContent = previewed === null ? "·" : previewed ? "✓" : "✕";
  mark.title = word ? say(word) : "";
  mark.setAttribute("aria-label", mark.title);
  mark.setAttribute("role", "img");
}
