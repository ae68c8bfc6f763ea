// What the inspector says, in English; other languages come from `locales/<language>/main.json` under the same keys.

export const ENGLISH = {
  "empty": "Run the workflow to see where every sentence of the caption comes from.",
  "loading": "Loading the Scene…",
  "unreadable": "The Scene could not be shown ({problem}). Run the workflow again.",
  "previous": "Previous picture",
  "next": "Next picture",
  "position": "{number} of {count}",
  "stage": "Stage: {stage}",
  "copyCaption": "Copy caption",
  "copyJson": "Copy JSON",
  "copied": "Copied",
  "notCopied": "The browser does not allow copying here.",
  "picture": "Picture with patches",
  "caption": "Caption",
  "problem": "This picture was given up: {problem}",
  "noCaption": "No caption yet: connect the Scene of Compose Caption to see one.",
  "sentenceHint": "Point at a sentence to see where it was seen; press it for the statements behind it.",
  "evidence": "Why this sentence is there",
  "noBasis": "No statement is recorded for this sentence.",
  "close": "Close",
  "preview": "What would another keep_score keep?",
  "previewHint": "A preview, nothing is run. To apply it, set keep_score in Filter Statements.",
  "keptOf": "{kept} of {count} statements kept",
  "change": "+{gained} −{lost}",
  "reset": "Reset",
  "patches": "Patches",
  "groups": "Overlapping patches, described together",
  "keptShort": "{kept}/{count}",
  "notFiltered": "{count} statements, not filtered yet",
  "nothingSaid": "nothing said yet",
  "same": "Agreed",
  "contradictory": "Rivals: at most the best is kept",
  "unique": "Said once",
  "refused": "Not in any candidate",
  "saidBy": "{count}×",
  "saidByHint": "said by: {sources}",
  "scoreHint": "score {score}",
  "barHint": "score {score}; in this picture it takes {bar}",
  "barOfAgreed": "what is agreed on or borne out is dropped only where it scores far below what else is agreed on",
  "barOfOnce": "what was said once must score like what the descriptions of the picture agree on",
  "barOutvoted": "more descriptions say otherwise, so it must score clearly higher than that",
  "barBetween": "what is in doubt must score halfway between what is agreed on and what was said once",
  "barsHint": "Behind a score stands what it takes in this picture, where that is more than keep_score or counts alone; point at it to see why.",
  "support": "borne out {support}",
  "supportHint": "Other looks at the picture bear this out by {support}, from 0 to 1; with 0.50 or more it counts as agreed on, unless Filter Statements asks for more.",
  "confirmed": "{witness} bears this out, as surely as {strength} of 1",
  "contradicted": "{witness} speaks against this, as surely as {strength} of 1",
  "rivalSet": "Rivals, set {number} of {count}",
  "kept": "kept",
  "dropped": "dropped",
  "wouldKeep": "would be kept",
  "wouldDrop": "would be dropped",
  "candidates": "Candidates",
  "descriptions": "Descriptions",
  "merged": "Merged description",
  "more": "Show {count} more",
  "wholeText": "Show all {count} characters",
  "warnings": "Warnings",
  "stageDescribe": "describe",
  "stageCompareWithin": "compare within patches",
  "stageCompareAcross": "compare across patches",
  "stageFilter": "filter",
  "stageMerge": "merge",
  "stageCompose": "compose",
  "stageSemantic": "semantic patch",
  "stageDetect": "detect",
  "stageDownload": "download",
  "stageLook": "second look",
  "wholeImage": "whole image",
  "mainObjects": "main objects",
  "topLeft": "top-left",
  "topRight": "top-right",
  "bottomLeft": "bottom-left",
  "bottomRight": "bottom-right",
  "top": "top",
  "bottom": "bottom",
  "left": "left side",
  "right": "right side",
  "center": "center",
  "row": "row",
  "column": "column",
  "regionOf": "region",
  "candidate": "candidate",
  "shortCaption": "short caption",
  "listModels": "Refresh models",
  "listingModels": "Asking {provider}…",
  "listedModels": "Refresh models ({count})",
  "noModels": "The list of models",
  "noServer": "ComfyUI does not answer ({problem}): reload the page."
};

// What the engine calls its stages and the parts of a picture, which are names in a Scene and so stay English there.
/** @type {(keyof typeof ENGLISH)[]} */
const NAMES = [
  "stageCompareWithin", "stageCompareAcross", "stageDescribe", "stageFilter", "stageMerge", "stageCompose",
  "stageSemantic", "stageDetect", "stageDownload", "stageLook", "wholeImage", "mainObjects", "topLeft", "topRight",
  "bottomLeft", "bottomRight", "top", "bottom", "left", "right", "center", "row", "column", "regionOf", "candidate",
  "shortCaption",
];
/** @type {Map<string, Word>} */
const NAMED = new Map(NAMES.map((word) => [ENGLISH[word].replace(" side", ""), word]));
const ANY_NAME = new RegExp(`(?<![\\w-])(?:${[...NAMED.keys()].join("|")})(?![\\w-])`, "g");

/** @typedef {keyof typeof ENGLISH} Word */
/** @typedef {(word: Word, values?: Record<string, string | number>) => string} Say */

/**
 * A function that says things in a language, in English where a translation lacks something.
 * @param {Partial<Record<string, string>>} [translated]
 * @returns {Say}
 */
export function sayIn(translated = {}) {
  return (word, values = {}) =>
    (translated[word] ?? ENGLISH[word]).replace(/\{(\w+)\}/g, (hole, name) => String(values[name] ?? hole));
}

/**
 * The name of a stage, a patch or a question ("photo.png: top-left, candidate 2") as people read it. The name of the
 * picture, which may be a word too, stays.
 * @param {string} name
 * @param {Say} say
 */
export function nameIn(name, say) {
  const start = name.lastIndexOf(": ") + 1;
  return name.slice(0, start) + name.slice(start).replace(ANY_NAME, (found) => {
    const word = NAMED.get(found) ?? "candidate";
    const said = say(word);
    return said === ENGLISH[word] ? found : said; // in English they are what the Scene calls them
  });
}
