// One statement as a row: its verdict as a mark, its words, how many said it, its score against the threshold.

import { element, modelText } from "./dom.js";
import { barMeaning, hasOnlyItsBar } from "./keep_rules.js";
import { statementKey } from "./scene_model.js";

/**
 * @typedef {import("./scene_model.js").Patch} Patch
 * @typedef {import("./scene_model.js").Verdict} Verdict
 * @typedef {import("./inspector.js").Pointing} Pointing
 * @typedef {import("./words.js").Say} Say
 */

const HEARD = 12; // witnesses' words in a row

/** @type {Verdict[]} */
export const VERDICTS = ["same", "contradictory", "unique", "refused"];

/**
 * A statement's score from 0 to 1 as a bar. Its threshold line follows the custom property --pm-limit of an ancestor
 * (keep_score), or stands at the statement's own bar: where that is higher, or where only that counts.
 * @param {Patch} patch
 * @param {number} number
 * @param {Say} say
 * @returns {HTMLElement | null}
 */
export function scoreMeter({ role, statements }, number, say) {
  const { score, bar } = statements[number];
  if (score === null) return null;
  const own = String(bar ?? 0);
  const alone = hasOnlyItsBar(role, statements[number]);
  const told = bar ? `${say("barHint", { score: score.toFixed(2), bar: bar.toFixed(2) })}: ${say(barMeaning(role, statements[number], statements))}` : say("scoreHint", { score: score.toFixed(2) });
  return element("span", { class: "pm-score", title: told, attributes: { role: "img", "aria-label": told } }, [
    element("span", {
      class: `pm-meter ${alone && !bar ? "pm-unlimited" : ""}`,
      style: { "--pm-score": String(Math.min(1, Math.max(0, score))), [alone ? "--pm-limit" : "--pm-bar"]: own },
    }),
    element("span", { class: "pm-number", text: bar ? `${score.toFixed(2)} / ${bar.toFixed(2)}` : score.toFixed(2) }),
  ]);
}

/** How far other looks bear a statement out, where that was measured. @param {import("./scene_model.js").Statement} statement @param {Say} say */
function supportNote({ support }, say) {
  if (support === null || support === undefined) return null;
  const value = support.toFixed(2);
  return element("span", { class: "pm-support", text: say("support", { support: value }), title: say("supportHint", { support: value }) });
}

/** What a witness said of a statement. @param {import("./scene_model.js").Testimony} testimony @param {Say} say */
function witnessNote({ witness, ruling, evidence, strength }, say) {
  const told = say(ruling, { witness, strength: strength.toFixed(2) });
  return element("small", { class: `pm-witness pm-${ruling}`, title: told, attributes: { dir: "auto" } }, [
    element("span", { text: ruling === "confirmed" ? "✓" : "✕", attributes: { role: "img", "aria-label": told } }),
    element("span", { text: ` ${witness}: ${evidence}` }),
  ]);
}

/** Say with a row to which set of rivals it and what follows belong. @param {HTMLElement} row @param {string} set */
export function markSet(row, set) {
  row.classList.add("pm-set");
  row.style.setProperty("--pm-set", JSON.stringify(set));
  row.setAttribute("aria-description", set);
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
  const told = statement.verdict === "same" && statement.kept; // then the reason says no more than the number
  const reason = told ? "" : statement.reason;
  const words = element("span", { class: "pm-said" }, [
    modelText("span", statement.text, "pm-words", (count) => say("wholeText", { count })),
    reason !== "" && element("small", { class: "pm-reason", text: reason, attributes: { dir: "auto" } }),
    ...(statement.testimony ?? []).slice(0, HEARD).map((one) => witnessNote(one, say)),
  ]);
  return element("li", {
    class: "pm-statement",
    attributes: { tabindex: "-1", "data-key": statementKey(patch.name, number) },
    on: pointing.listeners({ kind: "statement", patch: patch.name, statement: number }),
  }, [
    element("span", { class: "pm-mark" }),
    words,
    element("span", { class: "pm-measure" }, [
      supportNote(statement, say),
      element("span", { class: "pm-support", text: say("saidBy", { count: statement.sources.length }), title: say("saidByHint", { sources }) }),
      scoreMeter(patch, number, say),
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
