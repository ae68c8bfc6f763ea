// The report's page: what is shown and how, the grid, the viewer and the export. Nothing here asks a server.

import { button, element } from "../js/dom.js";
import { Edits } from "./edits.mjs";
import { download, exportFile } from "./exports.mjs";
import { Grid } from "./grid.mjs";
import { FILTERS, ORDERS, RowTable } from "./rows.mjs";
import { SceneScripts } from "./scenes.mjs";
import { Viewer } from "./viewer.mjs";
import { tell, tokensTold } from "./words.mjs";

/**
 * @typedef {import("./rows.mjs").Row} Row
 * @typedef {{id: string, ending: string, rows: Row[]}} Report
 */

const PAUSE = 120; // milliseconds after a key before the words are looked for

class Page {
  /** @param {Report} report */
  constructor(report) {
    this.report = report;
    this.edits = new Edits(report.id, () => localStorage);
    this.table = new RowTable(report.rows, this.edits);
    this.grid = new Grid(this.table, (position) => this.viewer.open(this.grid.rows, position));
    this.viewer = new Viewer(this.edits, new SceneScripts(), {
      changed: (position) => this.#changed(position),
      closed: (position) => this.grid.focus(position),
    });
    this.words = element("input", { attributes: { type: "search", id: "words", placeholder: tell("search"), title: tell("searchHint"), "aria-label": tell("search") } });
    this.filter = choice("filter", FILTERS, (filter) => filter);
    this.order = choice("order", ORDERS, (order) => tell(/** @type {import("./rows.mjs").Order} */ (order)));
    this.from = number("from", tell("from"));
    this.to = number("to", tell("to"));
    this.descending = element("input", { attributes: { type: "checkbox", id: "descending" } });
    this.what = choice("what", ["exportAll", "exportShown", "exportEdited"], (one) => tell(/** @type {"exportAll"} */ (one)));
    this.form = choice("form", ["sidecars", "metadata"], (one) => tell(/** @type {"sidecars"} */ (one), { ending: report.ending }));
    this.shown = element("span", { class: "pmr-shown", attributes: { role: "status" } });
    this.said = element("span", { class: "pmr-said", attributes: { role: "status" } });
  }

  /** @param {HTMLElement} place */
  start(place) {
    document.title = tell("title", { count: this.report.rows.length });
    place.replaceChildren(this.#header(), this.#tools(), this.grid.element, this.viewer.element);
    this.#listen();
    this.#count();
    this.#choose();
  }

  #header() {
    const { rows } = this.report;
    const costs = rows.map(({ usd, error }) => (error === null ? usd : 0));
    const known = costs.every((usd) => usd !== null);
    const sum = (/** @type {(number | null)[]} */ values) => values.reduce((/** @type {number} */ total, value) => total + (value ?? 0), 0);
    const calls = sum(rows.map((row) => row.calls));
    const told = {
      failed: rows.filter(({ error }) => error !== null).length,
      warned: rows.filter(({ warnings }) => warnings.length).length,
      calls: calls.toLocaleString("en"),
      tokens: tokensTold(sum(rows.map(({ tokens }) => tokens)), calls),
      cost: known ? tell("dollars", { usd: sum(costs).toFixed(2) }) : tell("noDollars"),
    };
    return element("header", { class: "pmr-title" }, [
      element("h1", { text: tell("title", { count: rows.length.toLocaleString("en") }) }),
      element("p", { text: tell("cost", told) }),
    ]);
  }

  #tools() {
    return element("div", { class: "pmr-tools" }, [
      this.words,
      labelled(tell("filter"), this.filter),
      element("span", { class: "pmr-range" }, [labelled(tell("from"), this.from), labelled(tell("to"), this.to)]),
      labelled(tell("sort"), this.order),
      labelled(tell("descending"), this.descending, true),
      this.shown,
      element("span", { class: "pmr-export" }, [
        this.said,
        labelled(tell("exportWhat"), this.what),
        labelled(tell("exportForm"), this.form),
        button(tell("export"), () => this.#export()),
      ]),
    ]);
  }

  #listen() {
    let waiting = 0;
    const later = () => {
      clearTimeout(waiting);
      this.grid.list.setAttribute("aria-busy", "true");
      waiting = window.setTimeout(() => this.#choose(), PAUSE);
    };
    for (const one of [this.words, this.from, this.to]) one.addEventListener("input", later);
    for (const one of [this.filter, this.order, this.descending]) one.addEventListener("change", () => this.#choose());
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || this.viewer.element.open || event.target === this.words) return;
      event.preventDefault();
      this.words.focus();
    });
    this.words.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "ArrowDown") this.grid.focus(this.grid.active);
    });
  }

  #choose() {
    const limit = (/** @type {HTMLInputElement} */ { value, valueAsNumber }) => (value === "" ? null : valueAsNumber);
    const filter = /** @type {import("./rows.mjs").Filter} */ (this.filter.value);
    const wanted = { words: this.words.value, filter, from: limit(this.from), to: limit(this.to) };
    const order = /** @type {import("./rows.mjs").Order} */ (this.order.value);
    const rows = this.table.choose(wanted, order, this.descending.checked);
    this.grid.show(rows);
    this.grid.list.setAttribute("aria-busy", "false");
    this.shown.textContent = tell("shown", { count: rows.length, total: this.report.rows.length });
  }

  #count() {
    const counts = this.table.counts();
    FILTERS.forEach((filter, place) => { this.filter.options[place].textContent = tell(filter, { count: counts[filter] }); });
  }

  /** @param {number} position */
  #changed(position) {
    this.grid.refresh(position);
    this.#count();
  }

  #export() {
    const choices = /** @type {Record<string, () => Row[]>} */ ({
      exportAll: () => this.report.rows,
      exportShown: () => this.grid.rows,
      exportEdited: () => this.report.rows.filter((row) => this.edits.isEdited(row)),
    });
    try {
      const form = /** @type {import("./exports.mjs").Form} */ (this.form.value);
      const file = exportFile(choices[this.what.value](), (row) => this.edits.textOf(row), form, this.report.ending);
      download(file);
      this.said.textContent = tell("exported", { count: file.count, name: file.name });
    } catch (error) {
      this.said.textContent = error instanceof Error ? error.message : String(error);
    }
  }
}

/** @param {string} id @param {readonly string[]} values @param {(value: string) => string} label */
function choice(id, values, label) {
  const options = values.map((value) => element("option", { text: label(value), attributes: { value } }));
  return element("select", { attributes: { id } }, options);
}

/** @param {string} id @param {string} label */
function number(id, label) {
  return element("input", { attributes: { type: "number", min: 0, id, "aria-label": label } });
}

/** @param {string} text @param {HTMLElement} control @param {boolean} [after] */
function labelled(text, control, after = false) {
  const words = element("span", { text });
  return element("label", { class: "pmr-label" }, after ? [control, words] : [words, control]);
}

/** Show the report whose data the scripts before this one have put on the page. @param {HTMLElement} place */
export function start(place) {
  const report = /** @type {{patchmattersReport?: Report}} */ (globalThis).patchmattersReport;
  if (report) new Page(report).start(place);
  else place.replaceChildren(element("p", { class: "pmr-none", text: tell("noData") }));
}
