"use strict";

/* The page: its state, which the address keeps; what it shows; what can be pressed. windows.js
   computes, grid.js shows matrices. */

const LIMITS = {size: [1, 16], kernel: [1, 16], stride: [1, 16], padding: [0, 8], dilation: [1, 8]};
const WORDS = {
  size: "Input size", kernel: "Kernel size", stride: "Stride", padding: "Padding",
  dilation: "Dilation",
};

// ---- the state, and its place in the page's address

const usual = {
  x: (i, j) => (3 * i * i + 5 * j + i * j) % 10,
  w: (_, l, columns) => Math.sign(2 * l - columns + 1), // left subtracted, right added
  g: () => 1,
};

const START = {
  op: "conv2d", mode: "forward", show: "numbers", size: [6, 6], kernel: [3, 3], stride: [1, 1],
  padding: [0, 0], dilation: [1, 1], count: true, at: 0, x: [], w: [], g: [],
};

const rows = (...lines) => lines.map((line) => line.split(" ").map(Number));
const ones = (height, width) => matrix(height, width, () => 1);
const STRIPES = rows("255 1 2", "255 1 2", "255 1 2");
const VERTICAL = rows("0 1 0", "0 1 0", "0 1 0");
const COUNTED = rows("1 2 3 4", "5 6 7 8", "9 10 11 12", "13 14 15 16");
const EXAMPLES = {
  "6 × 6 under a 3 × 3 kernel": {},
  "The same in names, a11 to a66": {show: "names"},
  "A bright edge, lost without padding": {x: STRIPES, w: VERTICAL},
  "The edge kept by a padding of 1": {x: STRIPES, w: VERTICAL, padding: [1, 1]},
  "Stride 3: 5 × 5 ones on 8 × 8 ones": {x: ones(8, 8), w: ones(5, 5), stride: [3, 3]},
  "Dilation 2: a 3 × 3 kernel spread over 5 × 5": {size: [7, 7], dilation: [2, 2]},
  "Max pool, 2 × 2": {op: "max_pool2d", x: COUNTED, kernel: [2, 2], stride: [2, 2]},
  "Average pool, 2 × 2": {op: "avg_pool2d", x: COUNTED, kernel: [2, 2], stride: [2, 2]},
  "Max pool of negatives: the padding is −∞": {
    op: "max_pool2d", x: matrix(4, 4, (i, j) => -COUNTED[i][j]), kernel: [2, 2], stride: [2, 2],
    padding: [1, 1],
  },
  "Backward through a convolution": {
    mode: "backward", size: [5, 5], g: rows("1 0 2", "0 -1 0", "3 0 1"),
  },
  "Backward: ties in a max pool, windows that overlap": {
    op: "max_pool2d", mode: "backward", x: rows("1 3 3 0", "3 3 2 5", "0 2 5 5", "4 1 5 2"),
    kernel: [2, 2], stride: [1, 1], g: rows("1 2 3", "4 5 6", "7 8 9"),
  },
};

/** A whole state from parts of one, the later ones first in doubt. The size of values goes before
    a size that is said with them or before them; missing values are as usual. */
function completed(...parts) {
  const s = structuredClone(START);
  for (const part of structuredClone(parts)) {
    Object.assign(s, part);
    if (part.x) s.size = [part.x.length, part.x[0].length];
    if (part.w) s.kernel = [part.w.length, part.w[0].length];
  }
  return fitted(s);
}

/** `s`, with matrices of the sizes that it says: what is there is kept, the rest as usual. */
function fitted(s) {
  s.x = matrix(...s.size, (i, j) => s.x[i]?.[j] ?? usual.x(i, j));
  s.w = matrix(...s.kernel, (k, l) => s.w[k]?.[l] ?? usual.w(k, l, s.kernel[1]));
  if (s.op === "avg_pool2d") s.dilation = [1, 1];
  if (problem(s)) return s;
  const size = outputSize(s);
  s.g = matrix(...size, (r, c) => s.g[r]?.[c] ?? usual.g());
  s.at = Math.max(0, Math.min(s.at, size[0] * size[1] - 1));
  return s;
}

const CHOICES = {
  op: ["conv2d", "max_pool2d", "avg_pool2d"],
  mode: ["forward", "backward"],
  show: ["numbers", "names"],
};

/** The address's part after #, for `s`. */
function toHash(s) {
  const parts = Object.keys(CHOICES).map((key) => `${key}=${s[key]}`);
  for (const key of Object.keys(LIMITS)) parts.push(`${key}=${s[key].join("x")}`);
  if (!s.count) parts.push("count=0");
  parts.push(`at=${s.at}`);
  for (const key of s.op === "conv2d" ? ["x", "w", "g"] : ["x", "g"])
    parts.push(`${key}=${s[key].map((row) => row.join(",")).join(";")}`);
  return parts.join("&");
}

/** What an address says of a state; what makes no sense in it is left out, and told. */
function fromHash(hash) {
  const given = {}, refused = [];
  for (const [key, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (Object.hasOwn(CHOICES, key) && CHOICES[key].includes(text)) given[key] = text;
    else if (Object.hasOwn(LIMITS, key) && /^\d+(x\d+)?$/.test(text)) {
      const pair = text.split("x").map(Number);
      const value = pair.length === 2 ? pair : [pair[0], pair[0]];
      const [low, high] = LIMITS[key];
      if (value.every((n) => n >= low && n <= high)) given[key] = value;
      else refused.push(key);
    } else if (key === "at" && /^\d+$/.test(text)) given.at = Number(text);
    else if (key === "count" && /^[01]$/.test(text)) given.count = text === "1";
    else if (["x", "w", "g"].includes(key)) {
      const values = text.split(";").map((row) => row.split(",").map(parsed));
      const wide = values[0].length;
      if (Math.max(values.length, wide) <= 32
        && values.every((row) => row.length === wide && row.every(Number.isFinite)))
        given[key] = values;
      else refused.push(key);
    } else refused.push(key);
  }
  for (const [key, size] of [["x", "size"], ["w", "kernel"]])
    if (given[key] && Math.max(given[key].length, given[key][0].length) > LIMITS[size][1]) {
      delete given[key];
      refused.push(key);
    }
  return {given, refused};
}

// ---- what is shown

const $ = (id) => document.getElementById(id);
const {start: given, kernels: KERNELS} = JSON.parse($("data").textContent);
let state;            // what the address holds
let grids = {};       // by name: x, w, y, g, gx, gw
let seen = 0;         // forward: how many outputs are filled in, less one
let asked = null;     // backward: the [grid, row, column] whose whole sum is written out
let timer = null;     // while playing
let pace = 1;         // seconds a window

const count = () => outputSize(state).reduce((product, n) => product * n, 1);
const placeOf = (at) => [Math.floor(at / outputSize(state)[1]), at % outputSize(state)[1]];

/** The name of an element: a11 among names, x[0, 0] among numbers. */
function nameOf(matrixName, i, j) {
  if (state.show === "numbers") return `${matrixName}[${i}, ${j}]`;
  const letters = {x: "a", w: "k", y: "y", "x.grad": "∂a", "w.grad": "∂k", "y.grad": "g"};
  const size = {x: state.size, w: state.kernel}[matrixName[0]] ?? outputSize(state);
  return `${letters[matrixName]}${i + 1}${Math.max(...size) > 9 ? "," : ""}${j + 1}`;
}

/** What a cell of the window stands for in a sum: its number or name; in the padding, the filling. */
const factor = ({i, j, inside, value}) =>
  inside && state.show === "names" ? nameOf("x", i, j) : shown(value);
const weight = ({k, l}) =>
  state.show === "names" ? nameOf("w", k, l) : inBrackets(shown(state.w[k][l]));

/** Make the grids that the settings ask for. */
function build() {
  const s = state, conv = s.op === "conv2d", backward = s.mode === "backward";
  const why = problem(s);
  $("problem").textContent = why && `PyTorch refuses this. ${why}`;
  $("problem").hidden = !why;
  $("working").hidden = Boolean(why);
  $("fields").classList.toggle("undilated", s.op === "avg_pool2d");
  $("counting").hidden = s.op !== "avg_pool2d";
  $("note").textContent = s.op === "avg_pool2d" ? "An average pool has no dilation in PyTorch."
    : s.op === "max_pool2d" && s.show === "names"
      ? "Which is the largest is decided by the numbers behind the names." : "";
  if (why) { describe(); return; }

  const out = outputSize(s);
  const change = (key) => (i, j, value) => { state[key][i][j] = value; changed(); };
  const pick = (r, c) => goTo(r * out[1] + c);
  grids = {};
  asked = null;
  const add = (options) => (grids[options.name] = new Grid(options));
  const padded = {ring: s.padding, ringText: s.op === "max_pool2d" ? "−∞" : "0"};
  const plot = (name, caption) => make("figure", {}, make("figcaption", {}, caption),
    make("div", {class: "scroll"}, grids[name].root));
  const row = (...parts) => make("div", {class: "line"}, ...parts.filter(Boolean));
  const sign = (text, spoken) => make("span", {class: "sign", role: "img", "aria-label": spoken}, text);

  add({name: "x", label: "Input", size: s.size, edit: change("x"), ...padded});
  if (conv) add({name: "w", label: "Kernel", size: s.kernel, edit: change("w")});
  if (backward) {
    add({name: "g", label: "Output gradient", size: out, edit: change("g"), pick});
    const ask = (name) => (i, j) => { asked = [name, i, j]; paint(); say(wholeSum()); };
    add({name: "gx", label: "Input gradient", size: s.size, ring: s.padding, pick: ask("gx")});
    if (conv) add({name: "gw", label: "Kernel gradient", size: s.kernel, pick: ask("gw")});
    $("grids").replaceChildren(
      row(plot("g", "Output gradient, y.grad"), conv && plot("w", "Kernel, w"),
        conv && plot("gw", "w.grad")),
      row(plot("x", "Input, x"), plot("gx", "Input gradient, x.grad")));
  } else {
    add({name: "y", label: "Output", size: out, pick});
    $("grids").replaceChildren(row(plot("x", "Input, x"),
      conv && sign("∗", "under"), conv && plot("w", "Kernel, w"),
      conv ? sign("=", "gives") : sign(s.op === "max_pool2d" ? "max →" : "mean →", "gives"),
      plot("y", "Output, y")));
  }
  $("working").className = s.mode;
  size();
  paint();
  describe();
}

/** Make the cells as large as lets the grids stand side by side, if that can be. */
function size() {
  if (problem(state)) return;
  const wide = (...names) => names.reduce((sum, name) => sum + (grids[name]?.whole[1] ?? 0), 0);
  const room = $("grids").clientWidth;
  const signs = state.op === "conv2d" ? 160 : 150; // pixels, with the gaps around them
  const wishes = state.mode === "backward"
    ? [[Math.max(wide("x", "gx"), wide("g", "w", "gw")), 40], [wide("g", "w", "gw"), 40]]
    : [[wide("x", "w", "y"), signs], [wide("x", "w"), signs / 2]];
  wishes.push([wide("x"), 8]);
  const sizes = wishes.map(([columns, between]) => Math.floor((room - between) / columns));
  const best = sizes.find((pixels) => pixels >= 26) ?? 26;
  $("grids").style.setProperty("--cell", `${Math.min(best, room < 500 ? 38 : 44)}px`);
}

/** Show the window at `state.at`: the cells it meets, the numbers so far, the sum. */
function paint() {
  const s = state, conv = s.op === "conv2d", backward = s.mode === "backward";
  const [r, c] = placeOf(s.at);
  const cells = windowOf(s, r, c), best = s.op === "max_pool2d" ? largest(cells) : undefined;
  const each = (name, value, label) => {
    for (const [i, row] of value.entries())
      for (const [j, v] of row.entries())
        grids[name].put(i, j, v, v !== null && s.show === "names" ? nameOf(label, i, j) : "");
  };
  const frame = (grid) => grid.surround(
    r * s.stride[0] - s.padding[0], c * s.stride[1] - s.padding[1], reach(s, 0), reach(s, 1));

  each("x", s.x, "x");
  grids.x.mark("in", cells.map(({i, j}) => [i, j]));
  grids.x.mark("best", best ? [[best.i, best.j]] : []);
  frame(grids.x);
  if (conv) each("w", s.w, "w");
  if (backward) {
    const {gx, gw, nx, nw} = gradients(s, s.at);
    const arrived = (values, shares) => s.show === "numbers" ? values
      : values.map((row, i) => row.map((value, j) => shares[i][j] ? value : null));
    const sent = shares(s, r, c);
    each("g", s.g, "y.grad");
    grids.g.mark("now", [[r, c]]);
    grids.g.mark("done", Array.from({length: s.at}, (_, at) => placeOf(at)));
    grids.g.select(r, c);
    each("gx", arrived(gx, nx), "x.grad");
    const reached = sent.input.map(({cell}) => cell);
    for (const [kind, inside] of [["hit", true], ["lost", false]])
      grids.gx.mark(kind, reached.filter((cell) => cell.inside === inside).map(({i, j}) => [i, j]));
    frame(grids.gx);
    if (conv) {
      each("gw", arrived(gw, nw), "w.grad");
      grids.gw.mark("hit", sent.kernel.map(({cell}) => [cell.k, cell.l]));
    }
    for (const name of ["gx", "gw"])
      grids[name]?.mark("asked", asked?.[0] === name ? [asked.slice(1)] : []);
    writeBackward(r, c, cells, sent);
  } else {
    seen = Math.max(seen, s.at);
    const [height, width] = outputSize(s);
    each("y", matrix(height, width, (i, j) => i * width + j <= seen ? output(s, i, j) : null), "y");
    grids.y.mark("now", [[r, c]]);
    grids.y.select(r, c);
    writeForward(r, c, cells, best);
  }
  $("place").textContent = `${s.at + 1} of ${count()}`;
  $("play").textContent = timer !== null ? "Pause" : s.at === count() - 1 && count() > 1
    ? "Play again" : "Play";
  for (const id of ["first", "back"]) $(id).disabled = s.at === 0;
  for (const id of ["step", "last"]) $(id).disabled = s.at === count() - 1;
}

const where = (r, c) => BOTH.map((axis) => {
  const start = [r, c][axis] * state.stride[axis] - state.padding[axis];
  const end = start + reach(state, axis) - 1;
  const from = state.show === "names" ? 1 : 0; // names count from 1, as mathematics does
  const [word, a, b] = [["row", "column"][axis], shown(start + from), shown(end + from)];
  return a === b ? `${word} ${a}` : `${word}s ${a} to ${b}`;
}).join(", ");

/** One product: what is multiplied above, what comes out below; `to` is where it goes. */
function term(factors, result, {to = "", pad = false, best = false} = {}) {
  const kinds = ["term", pad ? "pad" : "", best ? "best" : ""].filter(Boolean).join(" ");
  return make("div", {class: kinds},
    ...(to ? [make("span", {class: "to"}, to)] : []),
    make("span", {class: "factors"}, factors),
    ...(result ? [make("span", {class: "product"}, result)] : []));
}

function table(title, terms) {
  const box = make("div", {class: "products"}, ...terms);
  box.style.setProperty("--columns", state.kernel[1]);
  return make("div", {class: "part"}, ...(title ? [make("h3", {}, title)] : []),
    make("div", {class: "scroll", role: "group", "aria-label": title || "Products"}, box));
}

/** Put the sum on the page. What is too wide for it can be scrolled by keyboard as well. */
function write(title, parts) {
  $("title").textContent = title;
  $("terms").replaceChildren(...parts);
  for (const box of $("terms").querySelectorAll(".scroll"))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
}

/** a + b − c: terms joined by their signs. */
const summed = (terms) => terms.map((text, n) =>
  n === 0 ? text : text.startsWith("−") ? ` − ${text.slice(1)}` : ` + ${text}`).join("");

function writeForward(r, c, cells, best) {
  const s = state, names = s.show === "names", value = shown(output(s, r, c));
  const name = nameOf("y", r, c), parts = [];
  let sum;
  if (s.op === "conv2d") {
    if (!names)
      parts.push(table("", cells.map((cell) => term(`${factor(cell)} · ${weight(cell)}`,
        shown(cell.value * s.w[cell.k][cell.l]), {pad: !cell.inside}))));
    const terms = cells.map((cell) => names
      ? `${factor(cell)}·${weight(cell)}` : shown(cell.value * s.w[cell.k][cell.l]));
    sum = `${name} = ${summed(terms)}${names ? "" : ` = ${value}`}`;
  } else {
    parts.push(table("", cells.map((cell) =>
      term(factor(cell), "", {pad: !cell.inside, best: cell === best}))));
    const list = cells.map(factor);
    if (s.op === "max_pool2d")
      sum = `${name} = max(${list.join(", ")})${names ? "" : ` = ${value}`}`;
    else {
      const inside = s.count ? list : list.filter((_, n) => cells[n].inside);
      sum = `${name} = (${summed(inside)}) / ${divisor(s, cells)}${names ? "" : ` = ${value}`}`;
    }
  }
  write(`Window ${s.at + 1}: ${where(r, c)}`, [...parts, make("p", {class: "sum"}, sum)]);
  say(timer === null ? sum.replace(/·/g, " times ") : `${name}${names ? "" : ` is ${value}`}`);
}

function writeBackward(r, c, cells, sent) {
  const s = state, names = s.show === "names", g = s.g[r][c];
  const gradient = names ? nameOf("y.grad", r, c) : inBrackets(shown(g)), parts = [];
  const from = nameOf("y.grad", r, c);
  const best = s.op === "max_pool2d" ? sent.input[0]?.cell : undefined;
  const toInput = (cell) => cell.inside ? `${nameOf("x.grad", cell.i, cell.j)} +=` : "padding: lost";
  if (s.op === "conv2d") {
    parts.push(table("To the input: gradient · weight", sent.input.map(({cell, share}) =>
      term(`${gradient} · ${weight(cell)}`, names ? "" : shown(share),
        {to: toInput(cell), pad: !cell.inside}))));
    parts.push(table("To the kernel: gradient · input", sent.kernel.map(({cell, share}) =>
      term(`${gradient} · ${inBrackets(factor(cell))}`, names ? "" : shown(share),
        {to: `${nameOf("w.grad", cell.k, cell.l)} +=`, pad: !cell.inside}))));
  } else if (s.op === "max_pool2d") {
    const ties = cells.filter((cell) => best && cell.inside && cell.value === best.value).length;
    parts.push(table("To the largest alone" + (ties > 1 ? `, the first of ${ties} that tie` : ""),
      cells.map((cell) => cell.i === best?.i && cell.j === best?.j
        ? term(gradient, "", {to: toInput(cell), best: true})
        : term("0", "", {to: cell.inside ? toInput(cell) : "padding", pad: true}))));
  } else {
    const by = divisor(s, cells);
    parts.push(table(`To each alike: gradient / ${by}`, sent.input.map(({cell, share}) =>
      term(`${gradient} / ${by}`, names ? "" : shown(share),
        {to: toInput(cell), pad: !cell.inside}))));
  }
  parts.push(make("p", {class: "sum"}, asked ? wholeSum() : ""));
  if (!asked) parts.at(-1).append(make("span", {class: "faint"},
    "Choose a number of a gradient to see all that it is the sum of."));
  write(`Gradient ${s.at + 1}: ${from}${names ? "" : ` = ${shown(g)}`}, through ${where(r, c)}`, parts);
  say(`${from}${names ? "" : `, ${shown(g)},`} flows back through ${where(r, c)}`);
}

/** How the element asked for came about: every share of it so far. */
function wholeSum() {
  const s = state, names = s.show === "names", [name, i, j] = asked;
  const found = arrivals(s, asked, s.at);
  const terms = found.map(({at, cell}) => {
    const [r, c] = placeOf(at);
    const g = names ? nameOf("y.grad", r, c) : shown(s.g[r][c]);
    if (s.op === "max_pool2d") return g;
    if (s.op === "avg_pool2d") return `${g}/${divisor(s, windowOf(s, r, c))}`;
    return `${g}·${name === "gx" ? weight(cell) : inBrackets(factor(cell))}`;
  });
  const total = found.reduce((sum, {share}) => sum + share, 0);
  return `${nameOf(name === "gx" ? "x.grad" : "w.grad", i, j)} = ${terms.length ? summed(terms) : 0}` +
    (names || !terms.length ? "" : ` = ${shown(total)}`);
}

/** Show which cells and which products belong together: those of place number n of the window. */
function light(n) {
  const [r, c] = placeOf(state.at);
  const cell = n === null ? null : windowOf(state, r, c)[n];
  for (const name of ["x", "gx"]) grids[name]?.mark("lit", cell ? [[cell.i, cell.j]] : []);
  for (const name of ["w", "gw"]) grids[name]?.mark("lit", cell ? [[cell.k, cell.l]] : []);
  for (const box of document.querySelectorAll(".products"))
    for (const [m, term] of [...box.children].entries()) term.classList.toggle("lit", m === n);
}

/** The number of the place of the window that an element of the page belongs to; null for none. */
function lightOf(target) {
  const term = target.closest(".term");
  if (term) return [...term.parentNode.children].indexOf(term);
  const cell = target.closest(".cell"), grid = cell?.closest("[role=grid]")?.id;
  if (!["x", "gx", "w", "gw"].includes(grid)) return null;
  const [r, c] = placeOf(state.at);
  const found = windowOf(state, r, c).findIndex(({i, j, k, l}) =>
    grids[grid].at(...(grid.endsWith("x") ? [i, j] : [k, l])) === cell);
  return found < 0 ? null : found;
}

function say(text) {
  if ($("said").textContent !== text) $("said").textContent = text;
}

/** The settings' own texts: the size of the output, and the same in Python. */
function describe() {
  const s = state;
  const [down, across] = BOTH.map((axis) => {
    const [n, p, k, d, stride] = [s.size, s.padding, s.kernel, s.dilation, s.stride]
      .map((pair) => pair[axis]);
    return `⌊(${n} + 2·${p} − ${d}·(${k} − 1) − 1) / ${stride}⌋ + 1 = ${shown(outputSize(s)[axis])}`;
  });
  $("formula").replaceChildren(...(down === across ? [`rows and columns: ${down}`]
    : [`rows: ${down}`, `columns: ${across}`]).map((line) => make("span", {}, line)));
  $("python").textContent = python(s);
}

function python(s) {
  const pair = ([a, b]) => a === b ? String(a) : `(${a}, ${b})`;
  const backward = s.mode === "backward" && !problem(s);
  const grad = s.mode === "backward" ? ", requires_grad=True" : "";
  const tensor = (values, depth, more = "") => "torch.tensor(" + "[".repeat(depth) + "\n" +
    values.map((row) => `    [${row.join(", ")}],\n`).join("") + "]".repeat(depth) +
    `, dtype=torch.float64${more})`;
  const conv = s.op === "conv2d";
  const options = [
    conv ? "w" : pair(s.kernel), `stride=${pair(s.stride)}`, `padding=${pair(s.padding)}`,
  ];
  if (s.op === "avg_pool2d") { if (!s.count) options.push("count_include_pad=False"); }
  else options.push(`dilation=${pair(s.dilation)}`);
  return [
    "import minitorch as torch",
    "from minitorch.nn import functional as F",
    "",
    `x = ${tensor(s.x, 2, grad)}`,
    ...(conv ? [`w = ${tensor(s.w, 3, grad)}`] : []),
    `y = F.${s.op}(x, ${options.join(", ")})`,
    "print(y)",
    ...(backward ? [`y.backward(${tensor(s.g, 2)})`, "print(x.grad)"] : []),
    ...(backward && conv ? ["print(w.grad)"] : []),
  ].join("\n");
}

// ---- what can be pressed

/** After any change of values: show it, and keep it in the address. */
function changed() {
  if (!problem(state)) paint();
  describe();
  $("example").selectedIndex = 0;
  remember();
}

/** After a change of settings: fit the matrices, make new grids. */
function resettle() {
  stop();
  seen = 0;
  state = fitted(state);
  build();
  fillIn();
  remember();
}

let writing = null;
let written = null;

function remember() {
  clearTimeout(writing);
  writing = setTimeout(() => {
    if (timer !== null || problem(state)) return; // browsers refuse too many changes in a while
    written = `#${toHash(state)}`;
    history.replaceState(null, "", written);
  }, 100);
}

function goTo(at) {
  const to = Math.max(0, Math.min(at, count() - 1));
  if (to === state.at) return;
  state.at = to;
  pause();
}

function play() {
  if (problem(state)) return;
  if (state.at === count() - 1) {
    state.at = 0;
    seen = 0;
  }
  timer = setTimeout(advance, pace * 1000);
  paint();
}

function advance() {
  state.at = Math.min(state.at + 1, count() - 1);
  if (state.at === count() - 1) {
    pause();
    return;
  }
  timer = setTimeout(advance, pace * 1000);
  paint();
}

function stop() {
  clearTimeout(timer);
  timer = null;
}

function pause() {
  stop();
  paint();
  remember();
}

/** Write the state into the controls. */
function fillIn() {
  for (const key of Object.keys(CHOICES))
    for (const radio of document.getElementsByName(key)) radio.checked = radio.value === state[key];
  for (const key of Object.keys(LIMITS))
    for (const axis of BOTH) {
      $(`${key}${axis}`).value = state[key][axis];
      $(`${key}${axis}`).removeAttribute("aria-invalid");
    }
  $("count").checked = state.count;
}

function load(s) {
  stop();
  state = s;
  seen = s.at;
  const square = Object.keys(LIMITS).every((key) => s[key][0] === s[key][1]);
  $("square").checked = square;
  $("fields").classList.toggle("square", square);
  build();
  fillIn();
}

function usualStride(op, kernel) {
  return op === "conv2d" ? [1, 1] : [...kernel];
}

function setting(key, axis, text) {
  const [low, high] = LIMITS[key], value = Number(text), input = $(`${key}${axis}`);
  const good = /^\d+$/.test(text.trim()) && value >= low && value <= high;
  input.toggleAttribute("aria-invalid", !good);
  $("note").textContent = good ? "" : `${WORDS[key]}: a whole number from ${low} to ${high}.`;
  if (!good) return;
  const followed = String(state.stride) === String(usualStride(state.op, state.kernel));
  state[key][axis] = value;
  if ($("square").checked) state[key][1 - axis] = value;
  if (key === "kernel" && followed) state.stride = usualStride(state.op, state.kernel);
  $("example").selectedIndex = 0;
  resettle();
}

function makeControls() {
  for (const [key, word] of Object.entries(WORDS)) {
    const inputs = BOTH.map((axis) => {
      const [min, max] = LIMITS[key];
      const input = make("input", {
        type: "number", id: `${key}${axis}`, min, max, step: 1, inputmode: "numeric",
        "aria-label": `${word}, ${["rows", "columns"][axis]}`,
      });
      input.addEventListener("input", () => setting(key, axis, input.value));
      return input;
    });
    const by = make("span", {"aria-hidden": "true", class: "by"}, "×");
    $("fields").append(make("div", {class: `setting ${key}`}, make("span", {}, word), inputs[0], by, inputs[1]));
  }
  $("square").addEventListener("change", ({target}) => {
    $("fields").classList.toggle("square", target.checked);
    if (!target.checked) return;
    for (const key of Object.keys(LIMITS)) state[key][1] = state[key][0];
    resettle();
  });
  $("count").addEventListener("change", ({target}) => { state.count = target.checked; resettle(); });

  for (const key of Object.keys(CHOICES))
    for (const radio of document.getElementsByName(key))
      radio.addEventListener("change", () => {
        const followed = String(state.stride) === String(usualStride(state.op, state.kernel));
        state[key] = radio.value;
        if (key === "op") {
          if (followed) state.stride = usualStride(state.op, state.kernel);
          $("example").selectedIndex = 0;
          resettle();
        } else {
          stop();
          build();
          remember();
        }
      });

  const group = (label, names) =>
    make("optgroup", {label}, ...names.map((name) => make("option", {}, name)));
  $("example").append(make("option", {value: ""}, "choose one …"),
    group("Examples", Object.keys(EXAMPLES)), group("Kernels", Object.keys(KERNELS)));
  $("example").addEventListener("change", ({target: {value}}) => {
    if (Object.hasOwn(EXAMPLES, value)) load(completed(EXAMPLES[value]));
    else if (value) load(completed({...state, op: "conv2d", stride: [1, 1]}, {w: KERNELS[value]}));
    remember();
  });

  $("first").addEventListener("click", () => goTo(0));
  $("back").addEventListener("click", () => goTo(state.at - 1));
  $("step").addEventListener("click", () => goTo(state.at + 1));
  $("last").addEventListener("click", () => goTo(count() - 1));
  $("play").addEventListener("click", () => timer === null ? play() : pause());
  const setPace = () => {
    pace = Number($("pace").value);
    $("pace-shown").textContent = `${pace.toFixed(1)} s`;
  };
  $("pace").value = pace;
  $("pace").addEventListener("input", setPace);
  setPace();

  $("random").addEventListener("click", () => {
    const whole = (low, high) => low + Math.floor(Math.random() * (high - low + 1));
    state.x = state.x.map((row) => row.map(() => whole(0, 9)));
    state.w = state.w.map((row) => row.map(() => whole(-2, 2)));
    state.g = state.g.map((row) => row.map(() => whole(-3, 3)));
    changed();
  });
  $("reset").addEventListener("click", () => {
    load(completed(given));
    $("example").selectedIndex = 0;
    remember();
  });
  $("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      $("copied").textContent = "Copied.";
    } catch {
      $("copied").textContent = "The browser does not let the page copy: take it from the address bar.";
    }
  });

  $("working").addEventListener("pointerover", ({target}) => {
    if (!problem(state)) light(lightOf(target));
  });
  $("working").addEventListener("pointerleave", () => { if (!problem(state)) light(null); });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const {target} = event;
    if (event.key === " " && !target.closest("button, select, summary, [type=checkbox], [type=radio]")) {
      event.preventDefault();
      if (timer === null) play(); else pause();
    }
    const moves = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (moves && !target.closest("input, select, pre, .scroll") && !problem(state)) {
      event.preventDefault();
      goTo(state.at + moves);
    }
  });
}

function start() {
  const {given: told, refused} = fromHash(location.hash);
  load(completed(given, told));
  $("note").textContent = refused.length
    ? `The address has something that is not understood, and was left out: ${refused.join(", ")}.` : "";
}

// Shown in another page, it needs no title of its own.
document.documentElement.classList.toggle("framed", window !== window.parent);
makeControls();
start();
window.addEventListener("resize", size);
window.addEventListener("hashchange", () => { if (location.hash !== written) start(); });
