// Captions that a person has edited, kept in the browser under the report's id until they are exported.

/**
 * @typedef {import("./rows.mjs").Row} Row
 * @typedef {{text: string, of: string}} Edit the caption as edited, and as the model wrote it then
 */

const KEPT_AS = "patchmatters.report:";

export class Edits {
  /** @param {string} report the report's id @param {() => Storage} storage asked for late: a browser may refuse it */
  constructor(report, storage) {
    this.prefix = `${KEPT_AS}${report}:`;
    this.storage = storage;
    /** @type {Map<string, Edit>} */
    this.edits = new Map();
    /** why nothing can be kept, or an empty text */
    this.problem = "";
    this.#try(() => this.#recall(storage()));
  }

  /** @param {Row} row */
  textOf(row) {
    return this.edits.get(row.key)?.text ?? row.text;
  }

  /** @param {Row} row */
  isEdited(row) {
    return this.edits.has(row.key);
  }

  /** Whether the model's caption is another than the one that was edited. @param {Row} row */
  isOfAnother(row) {
    const edit = this.edits.get(row.key);
    return edit !== undefined && edit.of !== row.text;
  }

  /** @param {Row} row @param {string} text */
  set(row, text) {
    if (text === row.text) return this.forget(row);
    const edit = { text, of: this.edits.get(row.key)?.of ?? row.text };
    this.edits.set(row.key, edit);
    this.#try(() => this.storage().setItem(this.prefix + row.key, JSON.stringify(edit)));
  }

  /** @param {Row} row */
  forget(row) {
    this.edits.delete(row.key);
    this.#try(() => this.storage().removeItem(this.prefix + row.key));
  }

  /** @param {Storage} kept */
  #recall(kept) {
    for (let number = 0; number < kept.length; number += 1) {
      const name = kept.key(number) ?? "";
      if (!name.startsWith(this.prefix)) continue;
      const edit = JSON.parse(kept.getItem(name) ?? "null");
      if (typeof edit?.text === "string" && typeof edit.of === "string") this.edits.set(name.slice(this.prefix.length), edit);
    }
  }

  /** The edit itself stands in any case: only keeping it may fail, and the page says so. @param {() => void} keep */
  #try(keep) {
    try {
      keep();
      this.problem = "";
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }
}
