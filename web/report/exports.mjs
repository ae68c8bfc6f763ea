// Captions as the files that the folder command writes: metadata.jsonl, or one text beside each picture.

import { LONGEST_NAME, MOST_FILES, zipParts } from "./zip.mjs";
import { tell } from "./words.mjs";

/**
 * @typedef {import("./rows.mjs").Row} Row
 * @typedef {"metadata" | "sidecars"} Form
 */

/**
 * The file of the captions of these rows; those without a caption are left out. Throws an Error that says what to do.
 * @param {Row[]} rows
 * @param {(row: Row) => string} textOf
 * @param {Form} form
 * @param {string} ending of a sidecar, with its dot
 * @returns {{name: string, count: number, parts: BlobPart[], type: string}}
 */
export function exportFile(rows, textOf, form, ending) {
  const told = rows.map((row) => ({ key: row.key, text: textOf(row) })).filter(({ text }) => text.trim() !== "");
  if (!told.length) throw new Error(tell("nothingToExport"));
  const made = form === "metadata"
    ? { name: "metadata.jsonl", parts: told.map(metadataLine), type: "application/jsonl" }
    : { name: "captions.zip", parts: zipParts(sidecars(told, ending)), type: "application/zip" };
  return { ...made, count: told.length };
}

/** @param {{key: string, text: string}} told */
function metadataLine({ key, text }) {
  return `{"file_name": ${JSON.stringify(key)}, "text": ${JSON.stringify(text)}}\n`; // spaced as the command does
}

/** @param {{key: string, text: string}[]} told @param {string} ending */
function sidecars(told, ending) {
  if (told.length > MOST_FILES) throw new Error(tell("tooMany", { count: told.length }));
  const files = told.map(({ key, text }) => ({ name: sidecarName(key, ending), text }));
  const long = files.find(({ name }) => new TextEncoder().encode(name).length > LONGEST_NAME);
  if (long) throw new Error(tell("tooLong", { name: long.name.slice(0, 80) }));
  return files;
}

/** The picture's name with another ending. @param {string} key @param {string} ending */
export function sidecarName(key, ending) {
  const slash = key.lastIndexOf("/");
  const dot = key.lastIndexOf(".");
  return (dot > slash + 1 && dot < key.length - 1 ? key.slice(0, dot) : key) + ending;
}

/** Let the browser save it. @param {{name: string, parts: BlobPart[], type: string}} file */
export function download({ name, parts, type }) {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // a browser may read it later than it was asked to
}
