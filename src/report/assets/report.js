"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const make = (tag, attributes, text) => {
    const element = Object.assign(document.createElement(tag), attributes);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const shown = (x) => {
    if (x == null) return "";
    const value = Number(x.toPrecision(4)), size = Math.abs(value);
    return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential().replace("e+", "e") : value.toString();
  };

  /** Calls `act`; if it fails, the page says so in that place and goes on. */
  function guarded(place, what, act) {
    try {
      return act();
    } catch (error) {
      place.append(make("p", { className: "note" }, `${what} cannot be shown: ${error.message}`));
      return null;
    }
  }

  // ---- Curves ----------------------------------------------------------------------------------

  const charts = [];

  /** The columns that are drawn: all but steps, progress and standard errors. */
  function names() {
    const found = new Set();
    for (const run of data.curves) {
      for (const name of Object.keys(run)) {
        if (name !== "step" && name !== "progress" && !name.endsWith("_se") && run[name].some((x) => x != null)) found.add(name);
      }
    }
    return [...found];
  }

  function drawCharts() {
    const place = document.getElementById("charts");
    if (!place) return;
    charts.splice(0).forEach((chart) => chart.destroy());
    place.replaceChildren();
    for (const name of names()) {
      const runs = data.curves.map((run, i) => ({ run, i })).filter(({ run }) => run[name] && run.step.length > 1);
      if (runs.length) guarded(place, name, () => place.append(drawChart(name, runs)));
    }
  }

  /** The number of a run of which the curves are shown. */
  const numbered = (i) => data.before + i + 1;

  function drawChart(name, runs) {
    const box = make("div", { className: "chart" });
    box.append(make("h3", {}, name));
    if (data.meanings[name]) box.append(make("p", { className: "note" }, data.meanings[name]));
    const tables = [], series = [{ label: "step" }], bands = [];
    const floor = data.floors[name];
    const many = runs.length > 8, last = runs[runs.length - 1];
    for (const [k, { run, i }] of runs.entries()) {
      const se = run[name + "_se"], isLast = i === last.i;
      const label = runs.length > 1 ? "run " + numbered(i) : name;
      const hue = `hsl(${(k * 67 + 210) % 360} 65% ${dark.matches ? 65 : 42}%)`;
      const stroke = runs.length === 1 || (many && isLast) ? colour("series") : many ? colour("target") : hue;
      const told = (_, x, _series, k) => (x == null ? "" : shown(x) + (se && k != null && se[k] != null ? " ± " + shown(se[k]) : ""));
      const value = runs.length === 1 ? told : (_, x) => shown(x);
      tables.push([run.step, run[name]]);
      series.push({ label, stroke, width: 1.5, spanGaps: true, points: { show: run.step.length === 1 || (run.step.length < 30 && !many) }, value, class: many && !isLast ? "edge" : "line" });
      if (se && runs.length === 1) {
        const side = (sign) => run[name].map((x, k) => (x == null || se[k] == null ? null : x + sign * se[k]));
        tables.push([run.step, side(1)], [run.step, side(-1)]);
        const edge = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: true, class: "edge" };
        series.push({ ...edge, label: "+ se" }, { ...edge, label: "- se" });
        bands.push({ series: [2, 3], fill: colour("band") });
      }
    }
    const drawn = tables.filter((_, k) => series[k + 1].class === "line" || many).flatMap(([, y]) => y).filter((x) => x != null);
    const positive = drawn.every((x) => x > 0) && Math.max(...drawn) > 30 * Math.min(...drawn);
    if (floor != null) {
      const ends = [last.run.step[0], last.run.step[last.run.step.length - 1]];
      tables.push([ends, [floor, floor]]);
      const label = runs.length > 1 ? `noise floor of run ${numbered(last.i)}` : "noise floor";
      series.push({ label, stroke: colour("floor"), width: 1.5, dash: [6, 4], spanGaps: true, points: { show: false }, value: (_, x) => shown(x) });
    }
    if (many) box.append(make("p", { className: "note" }, `${runs.length} runs; the last one is blue.`));
    const joined = uPlot.join(tables);
    // A band may reach below 0, which a logarithmic axis cannot show.
    if (positive) joined.slice(1).forEach((column) => column.forEach((x, k) => { if (x != null && x <= 0) column[k] = Math.min(...drawn) / 10; }));
    const axis = { stroke: colour("ink"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line") } };
    // A logarithmic scale has a line for each power of ten only.
    const isPower = (x) => Math.abs(Math.log10(x) - Math.round(Math.log10(x))) < 1e-9;
    const lines = positive ? { ...axis.grid, filter: (_, ticks) => ticks.map((x) => (isPower(x) ? x : null)) } : axis.grid;
    const width = () => Math.max(200, box.clientWidth || 300);
    requestAnimationFrame(() => guarded(box, name, () => {
      const options = {
        width: width(), height: 240, series, bands,
        scales: { x: { time: false }, y: positive ? { distr: 3 } : {} },
        axes: [{ ...axis, label: "step", labelSize: 20 }, { ...axis, grid: lines, size: 64, values: (_, ticks) => ticks.map(shown) }],
        cursor: { drag: { x: true, y: true, uni: 20 } },
      };
      const chart = new uPlot(options, joined, box);
      charts.push(chart);
      new ResizeObserver(() => chart.setSize({ width: width(), height: 240 })).observe(box);
    }));
    return box;
  }

  // ---- Tables ----------------------------------------------------------------------------------

  /** Lets the reader sort a table by the column whose head is clicked, or chosen by the keyboard. */
  function makeSortable(table) {
    const heads = [...table.querySelectorAll("thead th")], body = table.tBodies[0];
    if (!body || body.rows.length < 2) return;
    const content = (row, column) => {
      const cell = row.cells[column], tip = cell && cell.querySelector("span[title]");
      return cell ? (tip ? tip.title : cell.textContent) : "";
    };
    heads.forEach((head, column) => {
      const button = make("button", { type: "button", className: "sort" }, head.textContent);
      head.replaceChildren(button);
      button.onclick = () => {
        const down = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down === 1 ? "ascending" : "descending");
        const order = (a, b) => {
          const [one, other] = [content(a, column), content(b, column)], [x, y] = [Number(one), Number(other)];
          const numbers = one !== "" && other !== "" && !Number.isNaN(x) && !Number.isNaN(y);
          return down * (numbers ? x - y : one.localeCompare(other));
        };
        body.append(...[...body.rows].sort(order));
      };
    });
  }

  // ---- Films -----------------------------------------------------------------------------------

  /** The numbers of a film: 16 bits for each, between the ends of their axis. */
  function unpacked(text, film) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const levels = new DataView(bytes.buffer), dim = film.axes.length;
    const numbers = new Float32Array(bytes.length / 2);
    for (let i = 0; i < numbers.length; i++) {
      const axis = i % dim;
      numbers[i] = film.low[axis] + (levels.getUint16(2 * i, true) / 65535) * (film.high[axis] - film.low[axis]);
    }
    return numbers;
  }

  const channels = (text) => {
    const canvas = make("canvas", { width: 1, height: 1 }), pen = canvas.getContext("2d");
    pen.fillStyle = text;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };

  class Player {
    constructor(place, film, title) {
      this.film = film;
      this.title = title;
      this.dim = film.axes.length;
      this.frames = unpacked(film.frames, film);
      this.reference = unpacked(film.reference, film);
      this.count = film.shown;
      this.last = film.steps.length - 1;
      this.at = this.last;
      this.angles = [0.6, 0.4];
      this.mode = "plain";
      this.findView();
      this.build(place);
      this.draw();
    }

    /** The middle and the size of what is seen: all but the outermost thousandth of the points. */
    findView() {
      const inner = (numbers, axis) => {
        const along = [];
        for (let i = axis; i < numbers.length; i += this.dim) along.push(numbers[i]);
        along.sort((a, b) => a - b);
        const cut = Math.floor(along.length / 1000);
        return along.length ? [along[cut], along[along.length - 1 - cut]] : [Infinity, -Infinity];
      };
      this.middle = [];
      this.size = [];
      for (let axis = 0; axis < this.dim; axis++) {
        const ends = [inner(this.frames, axis), inner(this.reference, axis)];
        const low = Math.min(ends[0][0], ends[1][0]), high = Math.max(ends[0][1], ends[1][1]);
        this.middle.push((low + high) / 2);
        this.size.push(Math.max(high - low, 1e-12));
      }
    }

    build(place) {
      const film = this.film;
      this.canvas = make("canvas", { tabIndex: 0 });
      this.canvas.setAttribute("role", "img");
      this.canvas.setAttribute("aria-label", `The particles of ${film.what} in ${this.dim} coordinates`);
      this.button = make("button", { type: "button" }, "Play");
      this.range = make("input", { type: "range", min: 0, max: this.last, step: 1, value: this.last });
      this.range.setAttribute("aria-label", "step");
      this.readout = make("span", { className: "readout" });
      const colours = make("select", {});
      colours.setAttribute("aria-label", "colour");
      for (const [value, text] of [["plain", "one colour"], ["density", "by density"], ["origin", "by starting place"]]) {
        colours.append(make("option", { value }, text));
      }
      const bar = make("div", { className: "bar" });
      bar.append(this.button, this.range, this.readout, colours);
      const count = film.shown < film.particles ? `${film.shown} of ${film.particles} particles` : `${film.particles} particles`;
      const behind = this.reference.length ? "; the reference is grey" : "";
      const axes = film.axes.map((axis, i) => `${axis} from ${shown(film.low[i])} to ${shown(film.high[i])}`).join(", ");
      const flat = this.dim === 1 ? "; the height has no meaning" : "";
      const outside = film.outside ? "; particles beyond this are at its edge" : "";
      const late = film.steps[0] > 0 ? `; the film begins at step ${film.steps[0]}, where the run was continued` : "";
      const turn = this.dim === 3 ? "; drag, or use the arrow keys, to turn" : "";
      place.append(make("h3", {}, this.title), this.canvas, bar, make("figcaption", {}, `${count}; ${axes}${behind}${flat}${outside}${late}${turn}.`));
      this.button.onclick = () => (this.playing ? this.stop() : this.play());
      this.range.oninput = () => { this.stop(); this.at = Number(this.range.value); this.draw(); };
      colours.onchange = () => { this.mode = colours.value; this.draw(); };
      this.canvas.onkeydown = (event) => this.key(event);
      if (this.dim === 3) this.turnByPointer();
      new ResizeObserver(() => this.draw()).observe(this.canvas);
    }

    key(event) {
      const turn = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
      if (event.key === " ") this.button.click();
      else if (turn && this.dim === 3) this.turn(...turn);
      else if (turn) { this.stop(); this.at = Math.min(this.last, Math.max(0, Math.round(this.at) + Math.sign(turn[0] + turn[1]))); this.draw(); }
      else return;
      event.preventDefault();
    }

    turn(across, up) {
      this.angles[0] += across;
      this.angles[1] = Math.min(1.57, Math.max(-1.57, this.angles[1] + up));
      this.draw();
    }

    turnByPointer() {
      let from = null;
      this.canvas.onpointerdown = (event) => { from = [event.clientX, event.clientY]; this.canvas.setPointerCapture(event.pointerId); };
      this.canvas.onpointermove = (event) => {
        if (!from) return;
        this.turn((from[0] - event.clientX) / 150, (event.clientY - from[1]) / 150);
        from = [event.clientX, event.clientY];
      };
      this.canvas.onpointerup = this.canvas.onpointercancel = () => { from = null; };
    }

    play() {
      if (this.at >= this.last) this.at = 0;
      this.playing = true;
      this.button.textContent = "Pause";
      let before = performance.now();
      const seconds = 6;
      const next = (now) => {
        if (!this.playing) return;
        this.at = Math.min(this.last, this.at + ((now - before) / 1000) * (this.last / seconds));
        before = now;
        this.draw();
        if (this.at >= this.last) this.stop();
        else requestAnimationFrame(next);
      };
      requestAnimationFrame(next);
    }

    stop() {
      this.playing = false;
      this.button.textContent = "Play";
    }

    /** The map from a point to the place on the canvas: two rows of coefficients and the middle. */
    projection(width, height) {
      let rows = [[1, 0, 0], [0, 1, 0]];
      if (this.dim === 3) {
        const [a, b] = this.angles, [ca, sa, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)];
        rows = [[ca, sa, 0], [-sa * sb, ca * sb, cb]];
      } else if (this.dim === 1) {
        rows = [[1, 0, 0], [0, 0, 0]];
      }
      const spread = this.dim === 3 ? 1.15 * Math.max(...this.size) : 0;
      const across = spread || this.size[0], up = spread || this.size[1] || this.size[0];
      const scale = 0.94 * Math.min(width / across, height / up);
      return { rows, scale };
    }

    /** Counts the points at each place of the canvas. */
    stamp(layer, numbers, count, first, second, share, view, width, height, size) {
      const { rows: [[a, b, c], [d, e, f]], scale } = view, dim = this.dim;
      const [mx, my, mz] = [this.middle[0], this.middle[1] || 0, this.middle[2] || 0];
      for (let i = 0; i < count; i++) {
        const p = first + i * dim, q = second + i * dim;
        const x = numbers[p] + share * (numbers[q] - numbers[p]) - mx;
        const y = dim > 1 ? numbers[p + 1] + share * (numbers[q + 1] - numbers[p + 1]) - my : (((i * 0.618034) % 1) - 0.5) * this.size[0] * 0.4;
        const z = dim > 2 ? numbers[p + 2] + share * (numbers[q + 2] - numbers[p + 2]) - mz : 0;
        const across = dim > 1 ? a * x + b * y + c * z : x, up = dim > 1 ? d * x + e * y + f * z : y;
        const column = Math.round(width / 2 + scale * across), row = Math.round(height / 2 - scale * up);
        if (column < size || row < size || column >= width - size || row >= height - size) continue;
        for (let k = -size; k <= size; k++) {
          const at = (row + k) * width + column;
          for (let l = -size; l <= size; l++) this.mark(layer, at + l, i);
        }
      }
    }

    mark(layer, at, i) {
      if (layer === this.marks && this.mode === "origin") layer[at] = i + 1;
      else layer[at] += 1;
    }

    /** A hue for each particle by its place on the first axis at the start. */
    hues() {
      if (this.hueOf) return this.hueOf;
      this.hueOf = [];
      const order = [...Array(this.count).keys()].sort((i, j) => this.frames[i * this.dim] - this.frames[j * this.dim]);
      order.forEach((i, rank) => { this.hueOf[i] = channels(`hsl(${(300 * rank) / this.count} 80% 52%)`); });
      return this.hueOf;
    }

    draw() {
      const ratio = Math.min(2, devicePixelRatio || 1);
      const width = Math.round((this.canvas.clientWidth || 600) * ratio);
      const height = Math.round(Math.min(width * 0.62, 620 * ratio));
      if (this.canvas.width !== width || this.canvas.height !== height) {
        this.canvas.width = width;
        this.canvas.height = height;
        this.canvas.style.height = height / ratio + "px";
        this.marks = new Uint32Array(width * height);
        this.shade = new Uint32Array(width * height);
        this.image = null;
      }
      const pen = this.canvas.getContext("2d");
      this.image = this.image || pen.createImageData(width, height);
      this.marks.fill(0);
      this.shade.fill(0);
      const view = this.projection(width, height), size = ratio > 1 ? 1 : this.count > 5000 ? 0 : 1;
      this.stamp(this.shade, this.reference, this.reference.length / this.dim, 0, 0, 0, view, width, height, size);
      const frame = Math.min(this.last, Math.floor(this.at)), stride = this.count * this.dim;
      const next = Math.min(this.last, frame + 1);
      this.stamp(this.marks, this.frames, this.count, frame * stride, next * stride, this.at - frame, view, width, height, size);
      this.paint();
      pen.putImageData(this.image, 0, 0);
      const step = this.film.steps[Math.round(this.at)];
      this.readout.textContent = `step ${step} of ${this.film.steps[this.last]}`;
      this.range.value = Math.round(this.at);
      this.range.setAttribute("aria-valuetext", this.readout.textContent);
    }

    paint() {
      const [paper, points, target] = ["paper", "points", "target"].map((name) => channels(colour(name)));
      const pixels = this.image.data, hues = this.mode === "origin" ? this.hues() : null;
      const mix = (at, one, other, share) => {
        for (let c = 0; c < 3; c++) pixels[at + c] = one[c] + share * (other[c] - one[c]);
        pixels[at + 3] = 255;
      };
      const warm = channels(colour("bad"));
      for (let i = 0, at = 0; i < this.marks.length; i++, at += 4) {
        const marks = this.marks[i];
        if (marks === 0) mix(at, paper, target, 1 - Math.pow(0.3, this.shade[i]));
        else if (hues) mix(at, paper, hues[marks - 1], 1);
        else if (this.mode === "density") mix(at, points, warm, 1 - Math.pow(0.8, marks - 1));
        else mix(at, target, points, 0.75 + 0.25 * (1 - Math.pow(0.5, marks - 1)));
      }
    }
  }

  const players = [...document.querySelectorAll("[data-film]")].map((place) => {
    const film = data.films[Number(place.dataset.film)];
    const title = data.curves.length > 1 ? `${film.run}. ${film.what}` : film.what;
    return guarded(place, "The film", () => new Player(place, film, title));
  }).filter((player) => player);
  drawCharts();
  document.querySelectorAll("table").forEach(makeSortable);
  dark.addEventListener("change", () => { drawCharts(); players.forEach((player) => player.draw()); });
  window.Player = Player;
  document.documentElement.dataset.ready = "yes";
})();
