// What another keep_score would keep: the rules of patchmatters/semantic_filter/keep.py over the scores that a Scene
// already holds. No side effects: the tests compare it with the engine on random Scenes.

/**
 * @typedef {import("./scene_model.js").Patch} Patch
 * @typedef {import("./scene_model.js").Scene} Scene
 * @typedef {import("./scene_model.js").Statement} Statement
 */

const REFUTED = "refuted"; // how the engine's reason begins where a nearer look overruled the filter
const PAPER = 0.3; // the engine's default
const SUFFICES = 0.5; // of support, by the engine's default
const CLEARLY = 1.05; // times the score of a rival that more passages say, as in the engine

/**
 * For each statement of a patch whether it would be kept (null: not filtered yet).
 *
 * A patch without any score was not decided by keep_score (nothing asked, no scorer, or trusted as a whole): it stays.
 * @param {Patch} patch
 * @param {number} keepScore
 * @returns {(boolean | null)[]}
 */
export function previewKept({ role, statements }, keepScore) {
  const undecided = statements.every(({ score }) => score === null);
  if (undecided) return statements.map(({ kept }) => kept);
  const chosen = chosenRivals(statements, keepScore);
  return statements.map((statement, number) => {
    if (statement.kept === null) return null;
    if (statement.reason.startsWith(REFUTED)) return false;
    return ruled(statement, role === "whole"
      ? wholeKept(statement, keepScore)
      : DECISIONS[statement.verdict](statement, chosen.has(number), keepScore));
  });
}

/** @type {Record<string, (statement: Statement, chosen: boolean, keepScore: number) => boolean>} */
const DECISIONS = {
  same: ({ score, bar, kept }) => (score === null || bar === null ? kept === true : score >= bar),
  contradictory: (_, chosen) => chosen,
  unique: (statement, _, keepScore) => (statement.score === null ? statement.kept === true : passes(statement, keepScore)),
  refused: () => false,
};

/**
 * What witnesses say goes before the score (patchmatters/witnesses/rule.py): what they contradict is dropped, what they
 * confirm as a whole is kept.
 * @param {Statement} statement
 * @param {boolean} kept as the score decides
 */
function ruled(statement, kept) {
  const words = balance(statement);
  if (words.some((word) => word < 0)) return false;
  const wholly = (statement.testimony ?? []).some((one) => one.wholly);
  return (wholly && words.some((word) => word > 0)) || kept;
}

/** For each point the strongest word for a statement less the strongest against it. @param {Statement} statement */
function balance({ testimony = [], said = "" }) {
  const points = [...new Set(testimony.map(({ about }) => about))];
  return points.map((point) => {
    const words = testimony.filter(({ about }) => about === point);
    /** @param {boolean} wanted */
    const strongest = (wanted) => words.reduce((best, one) => (isFor(one, said) === wanted ? Math.max(best, one.strength) : best), 0);
    return Number((strongest(true) - strongest(false)).toFixed(6));
  });
}

/** A word by which the statement was put right speaks for it. @param {import("./scene_model.js").Testimony} one @param {string} said */
function isFor({ ruling, instead }, said) {
  return ruling === "confirmed" || Boolean(said && instead);
}

/** @param {Statement} statement */
function isConfirmed(statement) {
  const words = balance(statement);
  return words.some((word) => word > 0) && !words.some((word) => word < 0);
}

/** Whether other looks or a witness bear a statement out. @param {Statement} statement */
function isSupported(statement) {
  return isConfirmed(statement) || (statement.support ?? 0) >= SUFFICES;
}

/** Whether support was measured, and is too little. @param {Statement} statement */
function isUnsupported(statement) {
  return !isConfirmed(statement) && typeof statement.support === "number" && statement.support < SUFFICES;
}

/**
 * Why a statement's bar is as high as it is: the key of the words for it. As `_bar` of the engine has it.
 * @param {Patch["role"]} role
 * @param {Statement} statement
 * @param {Statement[]} statements of its patch
 * @returns {"barOfAgreed" | "barOfOnce" | "barBetween" | "barOutvoted"}
 */
export function barMeaning(role, statement, statements) {
  const rival = statement.verdict === "contradictory";
  if (role === "whole") return isUnsupported(statement) ? "barBetween" : "barOfAgreed";
  if (statement.rivals.some((number) => outvotes(statements[number], statement))) return "barOutvoted";
  if (isSupported(statement) && !rival) return "barOfAgreed";
  if (statement.sources.length === 1) return "barOfOnce";
  return rival || isUnsupported(statement) ? "barBetween" : "barOfAgreed";
}

/** Whether a rival that more passages say made a statement's bar. @param {Statement} rival @param {Statement} statement */
function outvotes({ score, sources }, statement) {
  return score !== null && sources.length > statement.sources.length && statement.bar === Math.min(CLEARLY * score, 1);
}

/**
 * Whether a statement has to reach its own bar and nothing else: agreed on, or of the whole-image caption with a bar.
 * @param {Patch["role"]} role
 * @param {Statement} statement
 */
export function hasOnlyItsBar(role, { verdict, bar }) {
  return verdict === "same" || (role === "whole" && bar !== null);
}

/** A statement of the whole-image caption: trusted without a score. @param {Statement} statement @param {number} keepScore */
function wholeKept({ score, bar, kept }, keepScore) {
  return score === null ? kept === true : (bar === null ? score > keepScore : score >= bar);
}

/**
 * Whether a score is above keepScore, as the paper asks, and reaches the statement's own bar.
 * @param {Statement} statement
 * @param {number} keepScore
 */
function passes({ score, bar }, keepScore) {
  return score !== null && score > keepScore && score >= (bar ?? 0);
}

/**
 * The best of each set of rivals, if it is good enough: it passes, or, unscored, of most passages.
 * @param {Statement[]} statements
 * @param {number} keepScore
 * @returns {Set<number>}
 */
function chosenRivals(statements, keepScore) {
  const rivals = statements.flatMap(({ verdict }, number) => (verdict === "contradictory" ? [number] : []));
  rivals.sort((a, b) => rank(statements[b]) - rank(statements[a]) || support(statements, b) - support(statements, a) || a - b);
  /** @type {Set<number>} */
  const chosen = new Set();
  for (const number of rivals) {
    const free = !statements[number].rivals.some((rival) => chosen.has(rival));
    if (free && goodEnough(statements, number, keepScore)) chosen.add(number);
  }
  return chosen;
}

/** @param {Statement} statement */
function rank({ score }) {
  return score === null ? -1 : score;
}

/** @param {Statement[]} statements @param {number} number */
function support(statements, number) {
  return statements[number].sources.length + (statements[number].support ?? 0);
}

/** @param {Statement[]} statements @param {number} number @param {number} keepScore */
function goodEnough(statements, number, keepScore) {
  const { score, rivals } = statements[number];
  if (score !== null) return passes(statements[number], keepScore);
  if (isUnsupported(statements[number])) return false;
  return rivals.every((rival) => support(statements, number) > support(statements, rival));
}

/**
 * A keep_score that explains the verdicts of a Scene: the engine's default if it does, else the lowest that does (of two
 * decimals where there is one), else (levels filtered differently) the default.
 * @param {Scene} scene
 * @returns {number}
 */
export function likelyKeepScore(scene) {
  const patches = [scene.whole, ...scene.patches, ...(scene.semantic ? [scene.semantic] : []), ...scene.regions];
  /** @param {number} keepScore */
  const explains = (keepScore) =>
    patches.every((patch) => previewKept(patch, keepScore).every((kept, number) => kept === patch.statements[number].kept));
  const scored = patches.flatMap(({ role, statements }) => statements.filter((one) => hangsOnKeepScore(role, one)));
  const lowest = highestDropped(scored);
  return [PAPER, Math.ceil(lowest * 100 - 1e-9) / 100, lowest].find(explains) ?? PAPER;
}

/**
 * Whether keep_score alone stood between a statement and the caption.
 * @param {Patch["role"]} role
 * @param {Statement} statement
 */
function hangsOnKeepScore(role, statement) {
  const { score, bar } = statement;
  const open = !ruled(statement, false) && ruled(statement, true); // no witness decided it
  return open && score !== null && !hasOnlyItsBar(role, statement) && score >= (bar ?? 0);
}

/** The highest score that was not enough: higher ones of dropped statements lost to a rival. @param {Statement[]} scored */
function highestDropped(scored) {
  const enough = scored.reduce((best, { kept, score }) => (kept ? Math.min(best, score ?? best) : best), Infinity);
  return scored.reduce((best, { kept, score }) => (!kept && (score ?? 0) < enough ? Math.max(best, score ?? 0) : best), 0);
}
