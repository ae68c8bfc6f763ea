// What the report's page says beside the inspector, and what the inspector says otherwise here than in a workflow.

export const REPORT_WORDS = {
  "title": "Captions of {count} pictures",
  "cost": "{failed} failed · {warned} with warnings · {calls} answers by models · {tokens} · {cost}",
  "tokens": "{count} tokens",
  "noTokens": "tokens not known",
  "dollars": "${usd}",
  "noDollars": "cost not known",
  "search": "Words in caption or name",
  "searchHint": "Every word must occur; -word must not.",
  "filter": "Show",
  "all": "All ({count})",
  "warnings": "With warnings ({count})",
  "failed": "Failed ({count})",
  "muchDropped": "More than half dropped ({count})",
  "short": "Very short ({count})",
  "long": "Very long ({count})",
  "edited": "Edited ({count})",
  "from": "Words from",
  "to": "to",
  "sort": "Sort by",
  "given": "order of the run",
  "name": "name",
  "words": "words",
  "dropped": "share dropped",
  "warned": "warnings",
  "usd": "cost",
  "seconds": "time",
  "descending": "Largest first",
  "shown": "{count} of {total} pictures",
  "none": "No picture is like that: change the words or the filter.",
  "export": "Export",
  "exportWhat": "Which captions",
  "exportAll": "all",
  "exportShown": "those shown",
  "exportEdited": "those edited",
  "exportForm": "As",
  "metadata": "metadata.jsonl",
  "sidecars": "{ending} files (.zip)",
  "nothingToExport": "There is nothing to export: no picture of this choice has a caption.",
  "exported": "{count} captions written to {name}.",
  "tooMany": "A .zip holds 65535 files, and these are {count}: export those shown of a filter, or metadata.jsonl.",
  "tooLong": "{name} is too long for a .zip: export metadata.jsonl.",
  "card": "{words} words",
  "cardDropped": "{dropped}/{count} dropped",
  "cardWarnings": "{count} warnings",
  "cardEdited": "edited",
  "cardFailed": "failed",
  "grid": "Pictures",
  "close": "Close",
  "previousPicture": "Previous picture (p)",
  "nextPicture": "Next picture (n)",
  "ofShown": "{number} of {count}",
  "edit": "Caption, to be edited",
  "editHint": "Kept in this browser as you type; Export writes the files. Ctrl+Enter goes to the next picture, Esc closes.",
  "notKept": "This browser keeps nothing for this page ({problem}): export before you close it.",
  "original": "Back to the model's caption",
  "changed": "The model's caption has changed since you edited this one.",
  "facts": "{seconds} s · {calls} answers · {tokens}",
  "failure": "This picture has no caption: {problem}",
  "noPicture": "The picture is no longer at {address}; this is its thumbnail.",
  "noData": "The report's data is missing: index.html must stay beside its folders data, scenes and thumbs."
};

/** @type {Partial<Record<string, string>>} */
export const HERE = {
  "empty": "Loading the Scene…",
  "unreadable": "What is behind this caption could not be read ({problem}). Write the report again.",
  "previewHint": "A preview, nothing is run. To apply it, caption again with another --keep-score.",
  "noCaption": "There is no caption.",
};

/** @typedef {keyof typeof REPORT_WORDS} ReportWord */
/** @typedef {Record<string, string | number>} Values */

/** @param {ReportWord} word @param {Values} [values] */
export function tell(word, values = {}) {
  return REPORT_WORDS[word].replace(/\{(\w+)\}/g, (hole, name) => String(values[name] ?? hole));
}

/** What a number of tokens is called: models that count none give 0. @param {number} count @param {number} calls */
export function tokensTold(count, calls) {
  return count || !calls ? tell("tokens", { count: count.toLocaleString("en") }) : tell("noTokens");
}
