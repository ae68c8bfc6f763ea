// Scenes of a report, read when they are asked for. A page that was opened from a file may not fetch files beside it,
// but it may run them: each Scene is a script that hands over its compressed text.

/** @typedef {(name: string, packed: string) => void} HandOver */

export class SceneScripts {
  constructor() {
    /** @type {Map<string, string>} what scripts have handed over and nobody has taken yet */
    this.packed = new Map();
    /** @type {HandOver} */
    const handOver = (name, packed) => { this.packed.set(name, packed); };
    Object.assign(globalThis, { patchmattersScene: handOver });
  }

  /** The text of the Scene file at an address relative to the page. @param {string} address @returns {Promise<string>} */
  async load(address) {
    await run(address);
    const packed = this.packed.get(address);
    this.packed.delete(address);
    if (packed === undefined) throw new Error(`${address} is of another report`);
    return unpack(packed);
  }
}

/** @param {string} address @returns {Promise<void>} */
function run(address) {
  const script = document.createElement("script");
  script.src = address;
  const done = /** @type {Promise<void>} */ (new Promise((loaded, failed) => {
    script.addEventListener("load", () => loaded(undefined));
    script.addEventListener("error", () => failed(new Error(`${address} is missing`)));
    document.head.append(script);
  }));
  return done.finally(() => script.remove());
}

/** Base64 of a zlib stream. @param {string} packed */
async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
}
