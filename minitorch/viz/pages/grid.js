"use strict";

/* A matrix on a page, for mouse, finger, keyboard and screen reader; and its numbers, as they are
   typed and as they are shown. */

/** What was typed, as a number: "-2", "0.5", "0,5", "1e-3", "1/9"; NaN for anything else. */
function parsed(text) {
  const number = "[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?";
  const found = text.trim().replace(/−/g, "-").replace(",", ".")
    .match(new RegExp(`^(${number})(?:/(${number}))?$`, "i"));
  const value = found ? Number(found[1]) / Number(found[2] ?? 1) : NaN;
  return Number.isFinite(value) ? value : NaN;
}

/** A number with a real minus: whole numbers in full, others to three or four digits. */
function shown(value) {
  const size = Math.abs(value);
  let text = String(value);
  if (size === Infinity) text = text.replace("Infinity", "∞");
  else if (size >= 1e7) text = value.toExponential(3);
  else if (size >= 1000) text = value.toFixed(0);
  else if (!Number.isInteger(value)) text = String(Number(value.toPrecision(size < 1 ? 3 : 4)));
  return text.replace(/-/g, "−").replace(/^−0$/, "0");
}

const inBrackets = (text) => text.startsWith("−") ? `(${text})` : text;

/** A matrix on the page: one Tab stop, and arrow keys between its cells. */
class Grid {
  /** `ring` cells of padding lie around it; `edit(i, j, number)` and `pick(i, j)` are called back. */
  constructor({name, label, size, ring = [0, 0], ringText = "", edit = null, pick = null}) {
    Object.assign(this, {name, label, size, ring, edit, pick, stop: [0, 0]});
    const [height, width] = size.map((n, axis) => n + 2 * ring[axis]);
    this.whole = [height, width];
    this.root = make("div", {
      class: `cells ${name}`, id: name, role: "grid", "aria-label": label,
      "aria-rowcount": size[0], "aria-colcount": size[1],
    });
    this.root.style.setProperty("--columns", width);
    this.cells = matrix(...size, () => null);
    this.around = new Map();
    for (let i = -ring[0]; i < size[0] + ring[0]; i++) {
      const only = i < 0 || i >= size[0]; // a line of padding and nothing else
      const row = make("div", {class: "row", ...(only ? {"aria-hidden": "true"} : {role: "row"})});
      for (let j = -ring[1]; j < size[1] + ring[1]; j++) {
        const inside = i >= 0 && j >= 0 && i < size[0] && j < size[1];
        if (inside) row.append(this.#cell(i, j));
        else {
          const pad = make("div", {class: "cell pad", "aria-hidden": "true"}, ringText);
          this.around.set(`${i},${j}`, pad);
          row.append(pad);
        }
      }
      this.root.append(row);
    }
    this.frame = make("div", {class: "frame", "aria-hidden": "true", hidden: ""});
    this.root.append(this.frame);
    this.root.addEventListener("keydown", (event) => this.#key(event));
    this.#rove(0, 0);
  }

  #cell(i, j) {
    const cell = make("div", {role: "gridcell", class: "cell"});
    const target = this.edit
      ? make("input", {type: "text", autocomplete: "off", spellcheck: "false", enterkeyhint: "done"})
      : cell;
    if (this.edit) {
      cell.append(target);
      target.addEventListener("input", () => this.#typed(target, i, j));
      target.addEventListener("blur", () => this.#left(target));
      target.addEventListener("focus", () => {
        target.dataset.before = cell.dataset.value;
        target.select();
      });
    }
    target.tabIndex = -1;
    target.addEventListener("focus", () => { this.#rove(i, j); this.pick?.(i, j); });
    if (!this.edit) target.addEventListener("click", () => target.focus()); // Safari leaves it out
    this.cells[i][j] = {cell, target};
    return cell;
  }

  at(i, j) { return this.cells[i]?.[j]?.cell ?? this.around.get(`${i},${j}`); }

  /** Put a number into a cell: its text and what a screen reader says; null for none yet. */
  put(i, j, value, name = "") {
    const {cell, target} = this.cells[i][j];
    const text = value === null ? "" : name || shown(value);
    cell.dataset.value = value === null ? "" : String(value);
    cell.classList.toggle("long", text.length > 3);
    cell.classList.toggle("longer", text.length > 5);
    cell.classList.toggle("empty", value === null);
    const place = `${this.label}, row ${i + 1}, column ${j + 1}`;
    if (this.edit) {
      target.setAttribute("aria-label", place);
      target.readOnly = name !== "";
      if (document.activeElement !== target || !target.dataset.typed) target.value = text;
    } else {
      target.setAttribute("aria-label", `${place}: ${text || "nothing yet"}`);
      if (cell.textContent !== text) cell.textContent = text;
    }
  }

  /** Give exactly these cells ([i, j], of the padding too) a class. */
  mark(kind, places) {
    for (const cell of this.root.querySelectorAll(`.${kind}`)) cell.classList.remove(kind);
    for (const [i, j] of places) this.at(i, j)?.classList.add(kind);
  }

  /** Draw a frame around so many rows and columns from [i, j] on. */
  surround(i, j, height, width) {
    this.frame.hidden = false;
    const share = (n, axis) => `${(100 * n) / this.whole[axis]}%`;
    Object.assign(this.frame.style, {
      top: share(i + this.ring[0], 0), left: share(j + this.ring[1], 1),
      height: share(height, 0), width: share(width, 1),
    });
  }

  select(i, j) {
    for (const {cell} of this.cells.flat()) cell.removeAttribute("aria-selected");
    this.cells[i][j].cell.setAttribute("aria-selected", "true");
    if (!this.root.contains(document.activeElement)) this.#rove(i, j);
  }

  #rove(i, j) {
    this.cells[this.stop[0]]?.[this.stop[1]]?.target.setAttribute("tabindex", "-1");
    this.stop = [i, j];
    this.cells[i][j].target.tabIndex = 0;
  }

  #typed(target, i, j) {
    target.dataset.typed = "yes";
    const value = parsed(target.value);
    target.toggleAttribute("aria-invalid", Number.isNaN(value));
    if (!Number.isNaN(value)) this.edit(i, j, value);
  }

  #left(target) {
    delete target.dataset.typed;
    target.removeAttribute("aria-invalid");
    target.value = target.readOnly ? target.value : shown(Number(target.parentNode.dataset.value));
  }

  #key(event) {
    const [i, j] = this.stop;
    const end = this.size.map((n) => n - 1);
    const to = {
      ArrowUp: [i - 1, j], ArrowDown: [i + 1, j], ArrowLeft: [i, j - 1], ArrowRight: [i, j + 1],
      Home: event.ctrlKey ? [0, 0] : [i, 0], End: event.ctrlKey ? end : [i, end[1]],
      Enter: [i + 1, j],
    }[event.key];
    const {target} = this.cells[i][j];
    if (event.key === "Escape" && target.dataset.typed) {
      delete target.dataset.typed;
      target.removeAttribute("aria-invalid");
      this.edit(i, j, Number(target.dataset.before));
      return;
    }
    if (!to || event.altKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.cells[to[0]]?.[to[1]]?.target.focus();
  }
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
