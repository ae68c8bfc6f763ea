// The extension: the view in Inspect Scene, live progress on every node of the pack, and the models of API Captioner.

import { api } from "../../../scripts/api.js";
import { app } from "../../../scripts/app.js";
import { Inspector } from "./inspector.js";
import { ModelList } from "./model_list.js";
import { ProgressNotes } from "./progress.js";
import { sayIn } from "./words.js";

/**
 * @typedef {import("./inspector.js").FileReference} FileReference
 * @typedef {import("./inspector.js").SceneFiles} SceneFiles
 */

const NODE = "PatchMatters_Inspect";
const API_NODE = "PatchMatters_ApiModel";
const MODELS = "/patchmatters/models"; // see nodes/model_list.py
const OUTPUT = "patchmatters_scenes"; // see nodes/inspect_scene.py
const SMALLEST = 240; // pixels of height
const FIRST_SIZE = /** @type {[number, number]} */ ([460, 640]);
const REMEMBERED = "patchmatters.inspector:"; // in this tab only: the files it names end with the server

/** @type {Record<string, any>} */
let translations = {};
/** @type {WeakMap<object, Inspector>} */
const inspectors = new WeakMap();

/** @param {FileReference} file */
function address({ filename, subfolder, type }) {
  return api.apiURL(`/view?${new URLSearchParams({ filename, subfolder, type })}`);
}

/** @param {FileReference} file */
async function load(file) {
  const response = await fetch(address(file));
  if (!response.ok) throw new Error(`${file.filename}: ${response.status}`);
  return response.text();
}

function language() {
  const locale = app.extensionManager.setting.get("Comfy.Locale");
  return sayIn(translations[String(locale)]?.patchmatters);
}

/** @param {any} node */
function memoryKey(node) {
  return `${REMEMBERED}${node.graph?.id ?? ""}:${node.id}`;
}

/** Which pictures the workflow names: a template that is opened anew has the id of the one that ran, but its own picture. */
function pictureNames() {
  const nodes = /** @type {any[]} */ ((app.rootGraph ?? app.graph).nodes ?? []);
  const chosen = nodes.flatMap(({ widgets }) => (widgets ?? []).filter((/** @type {any} */ one) => one.name === "image"));
  return JSON.stringify(chosen.map(({ value }) => value));
}

/** @param {any} node */
function addInspector(node) {
  const inspector = new Inspector({ load, address }, language);
  inspectors.set(node, inspector);
  const widget = node.addDOMWidget("inspector", "patchmatters_inspector", inspector.element, {
    serialize: false, // not in the prompt
    hideOnZoom: false,
    getMinHeight: () => SMALLEST,
    getValue: () => "",
    setValue: () => {},
  });
  widget.serialize = false; // not in the saved workflow
  node.setSize([Math.max(node.size[0], FIRST_SIZE[0]), Math.max(node.size[1], FIRST_SIZE[1])]);
  const executed = node.onExecuted;
  node.onExecuted = function (/** @type {Record<string, any>} */ output) {
    executed?.apply(this, arguments);
    const scenes = output?.[OUTPUT];
    if (!scenes) return;
    sessionStorage.setItem(memoryKey(node), JSON.stringify({ scenes, pictures: pictureNames() }));
    void inspector.show(scenes);
  };
}

/** @type {import("./model_list.js").Ask} */
async function askForModels(question) {
  const body = JSON.stringify(question);
  const headers = { "Content-Type": "application/json" };
  const response = await api.fetchApi(MODELS, { method: "POST", headers, body });
  const told = await response.json().catch(() => ({}));
  if (Array.isArray(told.models)) return told;
  throw new Error(told.problem ?? language()("noServer", { problem: response.status }));
}

/** @param {string} detail */
function complain(detail) {
  app.extensionManager.toast.add({ severity: "error", summary: language()("noModels"), detail, life: 15_000 });
}

/** What the node showed before the page was reloaded or another workflow was opened. @param {any} node */
function recall(node) {
  const stored = sessionStorage.getItem(memoryKey(node));
  if (!stored) return;
  const { scenes, pictures } = /** @type {{scenes: SceneFiles[], pictures: string}} */ (JSON.parse(stored));
  if (pictures === pictureNames()) void inspectors.get(node)?.show(scenes);
}

/**
 * Where a node is on the page: itself, or the subgraph it is in, or nothing if another graph is shown.
 * @param {string} executionId "12", or "5:12" inside the subgraph of node 5
 */
function placeOf(executionId) {
  const canvas = app.canvas;
  /** @type {any} */
  let graph = app.rootGraph ?? app.graph;
  for (const id of executionId.split(":")) {
    const node = graph?.getNodeById(id) ?? graph?.getNodeById(Number(id));
    if (!node) return null;
    if (graph === canvas.graph) return onPage(node.boundingRect);
    graph = node.subgraph;
  }
  return null;
}

/** @param {Iterable<number>} rectangle left, top, width and height in the graph */
function onPage([left, top, width, height]) {
  const { scale, offset } = app.canvas.ds;
  const page = app.canvas.canvas.getBoundingClientRect();
  return {
    left: (left + offset[0]) * scale + page.left,
    top: (top + offset[1]) * scale + page.top,
    width: width * scale,
    height: height * scale,
  };
}

/** The element around the canvas. */
function ground() {
  return app.canvas.canvas.parentElement ?? document.documentElement;
}

app.registerExtension({
  name: "patchmatters.inspector",
  async init() {
    new ProgressNotes(placeOf, ground, language).listen(/** @type {EventTarget} */ (/** @type {unknown} */ (api)));
    const response = await api.fetchApi("/i18n");
    if (response.ok) translations = await response.json();
  },
  nodeCreated(node) {
    if (node.comfyClass === NODE) addInspector(node);
    if (node.comfyClass === API_NODE) new ModelList(node, askForModels, complain, language);
  },
  loadedGraphNode(node) {
    if (inspectors.has(node)) recall(node);
  },
});
