// A Scene as the browser sees it: what belongs to what, computed once. No side effects and no DOM: every .js file of
// this folder is imported by the frontend as an extension, and the tests import this one in Node.

/**
 * The Scene's own JSON form, as `patchmatters/scene_json.py` writes it (pixels of the upright picture).
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box
 * @typedef {{text: string, source: string, seed: number | null}} Passage
 * @typedef {"same" | "contradictory" | "unique" | "refused"} Verdict
 * @typedef {{witness: string, about: string, ruling: "confirmed" | "contradicted", strength: number, evidence: string,
 *            box: Box | null, instead: string, wholly: boolean}} Testimony
 * @typedef {{text: string, verdict: Verdict, sources: number[], rivals: number[], score: number | null,
 *            bar: number | null, kept: boolean | null, reason: string, support?: number | null,
 *            testimony?: Testimony[], said?: string}} Statement
 * @typedef {{patch: string, statement: number}} Basis
 * @typedef {{text: string, basis: Basis[]}} Sentence
 * @typedef {"whole" | "spatial" | "semantic" | "region"} Role
 * @typedef {{name: string, role: Role, box: Box, cell: number[] | null, members: string[], labels: string[],
 *            passages: Passage[], statements: Statement[], sentences: Sentence[]}} Patch
 * @typedef {{name: string, width: number, height: number, digest: string}} ImageRef
 * @typedef {{box: Box, label: string, score: number}} Detection
 * @typedef {{patch: string, stage: string, message: string}} Failure
 * @typedef {{image: ImageRef, whole: Patch, patches: Patch[], stage: string, detections: Detection[],
 *            semantic: Patch | null, regions: Patch[], caption: Sentence[], warnings: string[],
 *            failures: Failure[], problem?: string}} Scene
 *
 * One thing that people point at; everything that hangs together with it is highlighted.
 * @typedef {{kind: "sentence", sentence: number} | {kind: "patch", patch: string}
 *          | {kind: "statement", patch: string, statement: number}} Target
 * @typedef {{patches: Set<string>, boxes: Set<string>, sentences: Set<number>, statements: Set<string>}} Links
 */

// Okabe and Ito's colours in the order of patchmatters/views/overlay.py: the picture and the list say the same.
export const COLOURS = ["#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"];
const NEUTRAL = "#8C8C8C"; // the whole image: everywhere, so no colour of its own
const FORMAT = "patchmatters.scene";
const VERSION = 1;

/**
 * The first Scene of a Scene file. Throws an Error for anything else.
 * @param {string} text
 * @returns {Scene}
 */
export function readScene(text) {
  const body = JSON.parse(text);
  if (body?.format !== FORMAT || body.version !== VERSION || !body.scenes?.length) {
    throw new Error(`not a ${FORMAT} file of version ${VERSION}`);
  }
  return body.scenes[0];
}

/** @param {string} patch @param {number} statement */
export const statementKey = (patch, statement) => `${statement} ${patch}`;

export class SceneIndex {
  /** @param {Scene} scene */
  constructor(scene) {
    this.scene = scene;
    this.patches = [scene.whole, ...scene.patches, ...(scene.semantic ? [scene.semantic] : []), ...scene.regions];
    /** @type {Map<string, Patch>} */
    this.byName = new Map(this.patches.map((patch) => [patch.name, patch]));
    this.colours = coloursOf(scene);
    /** @type {Map<string, number[]>} caption sentences by what they rest on */
    this.sentencesOf = new Map();
    scene.caption.forEach((sentence, number) => {
      for (const { patch, statement } of sentence.basis) push(this.sentencesOf, statementKey(patch, statement), number);
    });
    /** @type {Map<string, Set<number>>} caption sentences by patch, those of a region under each of its members too */
    this.sentencesAt = new Map();
    scene.caption.forEach((sentence, number) => {
      const told = sentence.basis.flatMap(({ patch, statement }) => [patch, ...this.boxesOf(patch, statement)]);
      for (const patch of new Set(told)) {
        const numbers = this.sentencesAt.get(patch) ?? new Set();
        this.sentencesAt.set(patch, numbers.add(number));
      }
    });
  }

  /** The patches that are listed: a region of one patch only repeats it. */
  get listed() {
    return this.patches.filter((patch) => patch.role !== "region" || patch.statements.length || patch.members.length > 1);
  }

  /** The patches that are drawn, largest first, so that each can be pointed at. */
  get drawn() {
    const { semantic, image, patches } = this.scene;
    const near = semantic && area(semantic.box) < image.width * image.height ? [semantic] : [];
    return [...patches, ...near].filter((patch) => area(patch.box) > 0).sort((a, b) => area(b.box) - area(a.box));
  }

  /** The regions that unite patches. */
  get groups() {
    return this.scene.regions.filter((region) => region.members.length > 1 && area(region.box) > 0);
  }

  /**
   * The drawn patches where a statement was seen: of a region, those of its members that say it.
   * @param {string} name @param {number} [statement]
   * @returns {string[]}
   */
  boxesOf(name, statement) {
    const patch = this.byName.get(name);
    if (!patch || patch.role !== "region") return [name];
    const sources = statement === undefined ? [] : (patch.statements[statement]?.sources ?? []);
    const said = sources.map((source) => patch.passages[source].source).filter((one) => patch.members.includes(one));
    return said.length ? said : patch.members;
  }

  /** @param {Target} target @returns {Links} */
  linksOf(target) {
    if (target.kind === "sentence") return this.linksOfSentence(target.sentence);
    if (target.kind === "statement") return this.linksOfStatement(target);
    return {
      patches: new Set([target.patch]),
      boxes: new Set(this.boxesOf(target.patch)),
      sentences: new Set(this.sentencesAt.get(target.patch)),
      statements: new Set(),
    };
  }

  /** @param {number} number @returns {Links} */
  linksOfSentence(number) {
    const { basis } = this.scene.caption[number];
    return {
      patches: new Set(basis.map(({ patch }) => patch)),
      boxes: new Set(basis.flatMap(({ patch, statement }) => this.boxesOf(patch, statement))),
      sentences: new Set([number]),
      statements: new Set(basis.map(({ patch, statement }) => statementKey(patch, statement))),
    };
  }

  /**
   * What witnesses saw of these statements, and where, each once.
   * @param {Iterable<string>} keys of statements
   * @returns {Testimony[]}
   */
  seenOf(keys) {
    /** @type {Map<string, Testimony>} */
    const found = new Map();
    for (const key of keys) {
      const gap = key.indexOf(" ");
      const statement = this.byName.get(key.slice(gap + 1))?.statements[Number(key.slice(0, gap))];
      for (const one of statement?.testimony ?? []) if (one.box) found.set(JSON.stringify([one.box, one.evidence]), one);
    }
    return [...found.values()];
  }

  /** @param {Basis} basis @returns {Links} */
  linksOfStatement({ patch, statement }) {
    const key = statementKey(patch, statement);
    return {
      patches: new Set([patch]),
      boxes: new Set(this.boxesOf(patch, statement)),
      sentences: new Set(this.sentencesOf.get(key)),
      statements: new Set([key]),
    };
  }
}

/**
 * One colour per group of overlapping patches, by the rule of patchmatters/views/overlay.py.
 * @param {Scene} scene
 * @returns {Map<string, string>}
 */
function coloursOf(scene) {
  const place = new Map(scene.patches.map((patch, number) => [patch.name, number]));
  /** @type {Map<string, string>} */
  const owner = new Map();
  for (const region of scene.regions) for (const member of region.members) owner.set(member, region.members[0]);
  /** @param {string} name */
  const colour = (name) => COLOURS[(place.get(owner.get(name) ?? name) ?? scene.patches.length) % COLOURS.length];
  /** @type {Map<string, string>} */
  const colours = new Map([[scene.whole.name, NEUTRAL]]);
  for (const patch of scene.patches) colours.set(patch.name, colour(patch.name));
  if (scene.semantic) colours.set(scene.semantic.name, colour(scene.semantic.name));
  for (const region of scene.regions) colours.set(region.name, colour(region.members[0]));
  return colours;
}

/** @param {Box} box */
function area(box) {
  return Math.max(0, box.right - box.left) * Math.max(0, box.bottom - box.top);
}

/** @template K, V @param {Map<K, V[]>} map @param {K} key @param {V} value */
function push(map, key, value) {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
