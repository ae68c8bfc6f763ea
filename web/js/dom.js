// Building elements. Text only ever becomes text: there is no way to give markup here.

/**
 * @typedef {{class?: string, text?: string, title?: string, style?: Record<string, string>,
 *            attributes?: Record<string, string | number | boolean>, on?: Record<string, (event: any) => void>}} Parts
 */

const PORTION = 120; // items: more than a screen, and built in a few milliseconds
const GAP = 10; // pixels between the picture that stays and what is brought under it

/**
 * A new element. `style` may hold custom properties; an attribute of false is left out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Parts} [parts]
 * @param {(Node | null | undefined | false)[]} [children]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, parts = {}, children = []) {
  const made = document.createElement(tag);
  if (parts.class) made.className = parts.class;
  if (parts.text !== undefined) made.textContent = parts.text;
  if (parts.title) made.title = parts.title;
  for (const [name, value] of Object.entries(parts.style ?? {})) made.style.setProperty(name, value);
  for (const [name, value] of Object.entries(parts.attributes ?? {})) {
    if (value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [name, listener] of Object.entries(parts.on ?? {})) made.addEventListener(name, listener);
  for (const child of children) if (child) made.append(child);
  return made;
}

/** The styles of the extension, to be put into an element of its own: the page's head belongs to all. */
export function stylesheet() {
  return element("link", { attributes: { rel: "stylesheet", href: new URL("../css/inspector.css", import.meta.url).href } });
}

/**
 * A long list that is drawn in portions: a Scene from elsewhere may hold more than a page can draw.
 * @template Item
 */
export class Portions {
  /**
   * @param {HTMLElement} place what the items are put into
   * @param {Item[]} items
   * @param {(item: Item) => HTMLElement} draw
   * @param {(count: number) => string} more what the button says that draws `count` more
   * @param {number} [size] items in a portion
   */
  constructor(place, items, draw, more, size = PORTION) {
    this.place = place;
    this.draw = draw;
    this.more = more;
    this.size = size;
    this.left = new Set(items);
    /** @type {Map<Item, HTMLElement>} */
    this.drawn = new Map();
    this.button = button("", () => this.next(), { class: "pm-more" });
    this.next();
  }

  /** Draw the next portion. */
  next() {
    for (const item of [...this.left].slice(0, this.size)) this.#put(item);
    this.#ask();
  }

  /** The element of an item, drawn at the end of what there is if need be. @param {Item} item */
  reach(item) {
    if (this.left.has(item)) {
      this.#put(item);
      this.#ask();
    }
    return this.drawn.get(item);
  }

  /** @param {Item} item */
  #put(item) {
    const made = this.draw(item);
    this.left.delete(item);
    this.drawn.set(item, made);
    if (this.button.parentElement === this.place) this.button.before(made, " ");
    else this.place.append(made, " ");
  }

  #ask() {
    this.button.textContent = this.more(Math.min(this.size, this.left.size));
    if (this.left.size) this.place.append(this.button);
    else this.button.remove();
  }
}

/** @param {string} label @param {(event: MouseEvent) => void} press @param {Parts} [parts] */
export function button(label, press, parts = {}) {
  const attributes = { type: "button", ...parts.attributes };
  return element("button", { text: label, ...parts, class: `pm-button ${parts.class ?? ""}`, attributes, on: { click: press } });
}

/**
 * An element whose text is the model's: any script and direction, and cut where it is endless, with a way to see all.
 * @param {"span" | "p"} tag
 * @param {string} text
 * @param {string} className
 * @param {(count: number) => string} more what the button says that shows all characters
 * @param {number} [limit]
 */
export function modelText(tag, text, className, more, limit = 1200) {
  if (text.length <= limit) return element(tag, { class: className, text, attributes: { dir: "auto" } });
  const shown = element("bdi", { text: `${cut(text, limit)}…` });
  const all = button(more(text.length), (event) => {
    event.stopPropagation();
    shown.textContent = text;
    all.remove();
  }, { class: "pm-link" });
  return element(tag, { class: className, attributes: { dir: "auto" } }, [shown, all]);
}

/** The first characters, none of them half a pair. @param {string} text @param {number} limit */
export function cut(text, limit) {
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit);
}

/**
 * Arrow keys, Home and End move between the items of a container, of which one is reached by Tab.
 * @param {HTMLElement} container
 * @param {string} selector
 */
export function moveByArrows(container, selector) {
  const steps = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 });
  container.addEventListener("keydown", (event) => {
    const items = [.../** @type {NodeListOf<HTMLElement>} */ (container.querySelectorAll(selector))];
    const current = items.indexOf(/** @type {HTMLElement} */ (event.target));
    if (current < 0) return;
    const ends = /** @type {Record<string, number>} */ ({ Home: 0, End: items.length - 1 });
    const next = ends[event.key] ?? (event.key in steps ? current + steps[event.key] : -1);
    if (next < 0 || next >= items.length) return;
    event.preventDefault();
    event.stopPropagation();
    items[next].focus({ preventScroll: true });
    reveal(items[next]);
  });
  container.addEventListener("focusin", (event) => {
    const item = /** @type {HTMLElement} */ (event.target);
    if (!item.matches(selector)) return;
    container.querySelector(`${selector}[tabindex="0"]`)?.setAttribute("tabindex", "-1");
    item.setAttribute("tabindex", "0");
  });
  container.querySelector(selector)?.setAttribute("tabindex", "0");
}

/**
 * Scroll the part of the view that an item is in until it is seen, or as much of it as there is room for, from its top.
 * The page itself must not scroll: it would shift the canvas, which the browser's own scrolling into view does.
 *
 * Once more when it was painted: parts that were out of sight have their size only then.
 * @param {HTMLElement} item
 * @param {HTMLElement} [top] what is seen above it where there is room for both
 */
export function reveal(item, top = item) {
  bring(item, top);
  requestAnimationFrame(() => bring(item, top));
}

/** @param {HTMLElement} item @param {HTMLElement} top */
function bring(item, top) {
  const place = scroller(item);
  if (!place) return;
  const [seen, frame] = [item.getBoundingClientRect(), place.getBoundingClientRect()];
  const zoom = frame.height / place.offsetHeight || 1;
  const start = frame.top + coveredBy(place, zoom);
  const wanted = Math.min(seen.top, top.getBoundingClientRect().top);
  const first = seen.bottom - wanted > frame.bottom - start ? seen.top : wanted;
  const above = start - first;
  const below = Math.min(seen.bottom - frame.bottom, -above);
  if (above > 0) place.scrollTop -= above / zoom;
  else if (below > 0) place.scrollTop += below / zoom;
}

/** The height of the picture where it stays above all that scrolls. @param {HTMLElement} place @param {number} zoom */
function coveredBy(place, zoom) {
  const picture = /** @type {HTMLElement | null} */ (place.querySelector(".pm-picture"));
  if (!picture || getComputedStyle(picture).position !== "sticky") return 0;
  return picture.getBoundingClientRect().height + GAP * zoom;
}

/** The part of the view that scrolls with an item. @param {HTMLElement} item */
function scroller(item) {
  for (let place = item.parentElement; place && !place.matches(".pm-inspector"); place = place.parentElement) {
    if (place.scrollHeight > place.clientHeight + 1 && getComputedStyle(place).overflowY === "auto") return place;
  }
  return null;
}

/** Enter and Space press an item that is no button. @param {(event: Event) => void} press */
export function pressedByKey(press) {
  return (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    press(event);
  };
}

/**
 * Put text on the clipboard; false where the browser does not allow it.
 * @param {string} text
 * @param {HTMLElement} place an element of the page, to select the text in where there is no other way
 * @returns {Promise<boolean>}
 */
export async function copyText(text, place) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text, place); // no clipboard over plain http from another machine
  }
}

/** @param {string} text @param {HTMLElement} place */
function copyBySelection(text, place) {
  const area = element("textarea", { style: { position: "fixed", opacity: "0" } });
  area.value = text;
  place.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
