// A button on API Captioner that asks its provider, or the server at its address, which models there are.
//
// It stands last: frontends until at least 1.45 save the values of widgets by their place, buttons counted, and read them
// with buttons left out, so that a button before a value would move it.

const PROVIDER = "provider";
const MODEL = "provider.model";
const ADDRESS = "provider.base_url";

/** @typedef {(question: {provider: string, base_url: string}) => Promise<{models: string[], listed: number}>} Ask */

export class ModelList {
  /**
   * @param {any} node
   * @param {Ask} ask what to offer and how many of it the server listed; throws an Error that says why there is none
   * @param {(problem: string) => void} complain
   * @param {() => import("./words.js").Say} language
   */
  constructor(node, ask, complain, language) {
    this.node = node;
    this.ask = ask;
    this.complain = complain;
    this.language = language;
    /** @type {Map<string, string[]>} What was listed, by provider and address: the frontend makes the widgets anew. */
    this.known = new Map();
    this.button = node.addWidget("button", "list_models", "", () => void this.refresh(), { serialize: false });
    this.button.serialize = false; // not in the saved workflow
    this.#label("listModels");
    this.#followProvider();
  }

  /** Ask, and offer what is listed. What is chosen stays chosen. */
  async refresh() {
    const question = this.#question();
    this.#label("listingModels", question);
    try {
      const { models, listed } = await this.ask(question);
      this.known.set(JSON.stringify(question), models);
      this.#offer();
      this.#label("listedModels", { count: listed });
    } catch (problem) {
      this.#label("listModels");
      this.complain(problem instanceof Error ? problem.message : String(problem));
    }
  }

  #question() {
    return { provider: String(this.#widget(PROVIDER)?.value ?? ""), base_url: String(this.#widget(ADDRESS)?.value ?? "") };
  }

  /** @param {string} name */
  #widget(name) {
    return this.node.widgets.find((/** @type {any} */ one) => one.name === name);
  }

  /** Into the list of the provider that is chosen now, which may be another than the one that was asked. */
  #offer() {
    const model = this.#widget(MODEL);
    const names = this.known.get(JSON.stringify(this.#question()));
    if (model && names) model.options.values = names; // in place: Nodes 2.0 keeps this object, and the label below shows it
    this.node.setDirtyCanvas?.(true, true);
  }

  /** @param {import("./words.js").Word} word @param {Record<string, string | number>} [values] */
  #label(word, values = {}) {
    this.button.label = this.language()(word, values);
    this.node.setDirtyCanvas?.(true, true);
  }

  #followProvider() {
    const provider = this.#widget(PROVIDER);
    const called = provider.callback;
    provider.callback = (/** @type {any[]} */ ...given) => {
      called?.apply(provider, given);
      this.#label("listModels");
      this.#offer();
    };
  }
}
