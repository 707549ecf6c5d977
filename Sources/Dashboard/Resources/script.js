// Draws a run: live from /events, or once from the data inside a report. No libraries, nothing from elsewhere.
// One file, so that a report is one file too: words and numbers, elements, pictures, sections, connection.

const embedded = document.getElementById("data");
const run = { jobs: null, workers: null, job: null, rounds: [], choice: null };
const $ = (id) => document.getElementById(id);

// Words and numbers

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const orDash = (format) => (value) => (isNumber(value) ? format(value) : value ?? "–");
const significant = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));
const count = (value) => value.toLocaleString("en-US");
const percent = orDash((value) => `${(100 * value).toFixed(1)} %`);
const figure = orDash((value) => {
  const size = Math.abs(value);
  if (size >= 1e5 || (size > 0 && size < 1e-3)) return value.toExponential(2);
  return value.toFixed(size >= 100 ? 1 : 4);
});
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const asSentence = (text) => capital(text) + (/[.!?]$/.test(text) ? "" : ".");
const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

const bytes = orDash((value) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${unit === 0 ? value : significant(value)} ${units[unit]}`;
});

const seconds = orDash((value) => {
  if (value < 0.9995) return `${significant(1000 * value)} ms`;
  if (value < 60) return `${significant(value)} s`;
  const whole = Math.round(value);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
});

// Elements

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// What each place was last given: what has not changed is left alone, and so keeps selection, focus and scrolling.
const given = new Map();
function isNew(place, ...values) {
  const key = JSON.stringify(values);
  if (given.get(place) === key) return false;
  given.set(place, key);
  return true;
}
function put(id, text, tone) {
  if (!isNew(id, text, tone)) return;
  $(id).textContent = text;
  if (tone === undefined) delete $(id).dataset.tone; else $(id).dataset.tone = tone;
}
function show(id, isShown) { $(id).hidden = !isShown; }

// Pictures

/** The smallest of 1, 2, 2.5, 5 times a power of ten that cuts a span into at most so many steps. */
function niceStep(span, steps) {
  const raw = span / steps;
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9));
}
function ticks(low, high, step) {
  const found = [];
  const last = Math.floor(high / step + 1e-9);
  for (let index = Math.ceil(low / step - 1e-9) || 0; index <= last; index += 1) found.push(index * step);
  return found;
}
/** Of a pixel. */
const tenths = (value) => Math.round(value * 10) / 10;
/** At most so many points, the last among them. */
function thinned(points, limit) {
  const stride = Math.ceil(points.length / limit);
  return stride <= 1 ? points : points.filter((_, index) => (points.length - 1 - index) % stride === 0);
}

/** Where in a plot the reader points; none for the latest. */
const pointed = new Map();

/** A curve over rounds. The axes fit the whole run, so that they stand still while it grows. */
function lineChart(id, { name, points, lastRound, low, high, format, tick, hue }) {
  const box = $(id);
  const [width, height] = [box.clientWidth, box.clientHeight];
  const shown = [width, height, points.length, points.at(-1), name, lastRound, low, high, pointed.get(id)];
  if (!width || !isNew(id, ...shown)) return;
  const [left, right, top, bottom] = [44, 12, 8, 22];
  const x = (round) => tenths(left + (round / Math.max(1, lastRound)) * (width - left - right));
  const y = (value) => tenths(top + ((high - value) / (high - low)) * (height - top - bottom));
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  for (const value of ticks(low, high, niceStep(high - low, 4))) {
    svg.append(s("line", { class: "rule", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
    svg.append(s("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, tick(value)));
  }
  for (const round of ticks(0, lastRound, Math.max(1, niceStep(lastRound, 6)))) {
    svg.append(s("text", { x: x(round), y: height - 4, "text-anchor": "middle" }, count(round)));
  }
  const at = points[pointed.get(id) ?? points.length - 1];
  if (at) {
    const line = thinned(points, 800).map(([round, value]) => `${x(round)} ${y(value)}`).join("L");
    const area = `M${line}L${x(points.at(-1)[0])} ${y(low)}L${x(points[0][0])} ${y(low)}Z`;
    if (pointed.has(id)) svg.append(s("line", { class: "cursor", x1: x(at[0]), x2: x(at[0]), y1: top, y2: y(low) }));
    svg.append(s("path", { class: `fill ${hue}-fill`, d: area }), s("path", { class: `curve ${hue}`, d: `M${line}` }));
    svg.append(s("circle", { class: `${hue}-fill`, cx: x(at[0]), cy: y(at[1]), r: 4 }));
  } else {
    svg.append(s("text", { x: (left + width - right) / 2, y: y(low + 0.6 * (high - low)), "text-anchor": "middle" },
      "No figure yet: it comes with the first round"));
  }
  box.replaceChildren(svg);
  const inWords = ([round, value]) => `${format(value)} after round ${round}`;
  const summary = at ? `${inWords(points[0])}, ${inWords(points.at(-1))}` : "no figure yet";
  box.setAttribute("aria-label", `${name}: ${summary}`);
  $(`${id}-readout`).replaceChildren(...(at ? [h("b", {}, format(at[1])), ` after round ${count(at[0])}`] : []));
  box.locate = (place) => {
    const round = ((place - left) / (width - left - right)) * lastRound;
    return points.reduce((best, point, index) =>
      Math.abs(point[0] - round) < Math.abs(points[best][0] - round) ? index : best, 0);
  };
  box.last = points.length - 1;
}

/** A bar a round, for the latest of them. */
function barChart(id, { name, values, format }) {
  const box = $(id);
  const [width, height] = [box.clientWidth, box.clientHeight];
  if (!width || !isNew(id, width, height, values.length, values.at(-1))) return;
  const [top, bottom] = [24, 4];
  const largest = Math.max(...values, Number.MIN_VALUE);
  const slot = width / Math.max(values.length, 20);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    s("text", { class: "name", x: 0, y: 12 }, name),
    s("text", { x: width, y: 12, "text-anchor": "end" }, values.length ? `mean ${format(mean)}` : "no round yet"),
    s("line", { class: "rule", x1: 0, x2: width, y1: height - bottom, y2: height - bottom }));
  values.forEach((value, index) => {
    const size = Math.max(1, (value / largest) * (height - top - bottom));
    svg.append(s("rect", {
      class: index === values.length - 1 ? "bar-fill latest" : "bar-fill", x: tenths(index * slot),
      y: tenths(height - bottom - size), width: tenths(Math.max(1, slot - 2)), height: tenths(size), rx: 1,
    }));
  });
  box.replaceChildren(svg);
  const summary = values.length ? `mean ${format(mean)}, latest ${format(values.at(-1))}` : "no round yet";
  box.setAttribute("aria-label", `${name}: ${summary}`);
}

function point(id, index) {
  if (index === null) pointed.delete(id); else pointed.set(id, index);
  draw();
}
for (const id of ["quality", "loss"]) {
  const box = $(id);
  box.addEventListener("pointermove", (event) => {
    if (box.last >= 0) point(id, box.locate(event.clientX - box.getBoundingClientRect().left));
  });
  box.addEventListener("pointerleave", () => point(id, null));
  box.addEventListener("blur", () => point(id, null));
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || !(box.last >= 0)) return;
    event.preventDefault();
    point(id, Math.min(box.last, Math.max(0, (pointed.get(id) ?? box.last) + step)));
  });
}

// Sections

const stateTone = { waiting: "care", running: "busy", done: "good", failed: "bad", stopped: "care" };

/** The figures of each model: after no round, after one, and so on. */
function figures(job) {
  const found = run.rounds.map((round) => ({ round: round.round - 1, ...round.before }));
  const last = run.rounds.at(-1);
  if (last && job.final) found.push({ round: last.round, ...job.final });
  // The root is in the unit of what is predicted, its square in none that a reader knows.
  for (const one of found) if (isNumber(one.meanSquaredError)) one.rootError = Math.sqrt(one.meanSquaredError);
  return found;
}
/** Accuracy where classes are told apart, else the root of the mean squared error. */
function quality(all) {
  const isError = all.some((one) => one.meanSquaredError != null) && !all.some((one) => one.accuracy != null);
  return isError
    ? { name: "Root mean squared error", key: "rootError", format: figure }
    : { name: "Accuracy", key: "accuracy", format: percent };
}

const planned = (job) => job.description?.plannedRounds;

function sentence(job) {
  const done = run.rounds.length;
  const kept = done
    ? ` The ${plural(done, "round")} so far are kept: tacit coordinator report ${job.id} prints them.` : "";
  switch (job.state) {
    case "waiting":
      if (!job.waiting) return "Waits for its turn: jobs run one after the other.";
      return `Waits for workers: ${job.waiting.present.length} of ${job.waiting.needed} are here`
        + (job.waiting.present.length ? ` (${job.waiting.present.join(", ")})` : "")
        + ". Start the others with tacit worker, and see their logs if they do not come.";
    case "running": {
      if (job.waiting) return sentence({ ...job, state: "waiting" });
      if (!done) return "The first round is under way; before it, workers agree on how columns become numbers.";
      const recent = run.rounds.slice(-10);
      const each = recent.reduce((sum, round) => sum + round.seconds, 0) / recent.length;
      const left = planned(job) ? (planned(job) - run.rounds.at(-1).round) * each : 0;
      return left > 0
        ? `Round ${count(run.rounds.at(-1).round + 1)} is under way; about ${roughly(left)} left.`
        : "The last model is being judged.";
    }
    case "done":
      return `Done: ${plural(done, "round")}` + (isNumber(job.seconds) ? ` in ${seconds(job.seconds)}` : "")
        + (job.rows ? `, over ${plural(job.rows, "training row")} that stayed where they are.` : ".");
    case "failed":
      return `${asSentence(job.failure ?? "The job failed")}${kept} Mend the cause, then submit the job again.`;
    case "stopped": return `Stopped, as somebody asked.${kept}`;
  }
  return "";
}
/** Coarse on purpose: an estimate that changes with every round is restless. */
function roughly(value) {
  if (value < 10) return "10 s";
  if (value < 90) return `${Math.ceil(value / 10) * 10} s`;
  if (value < 5400) return `${Math.round(value / 60)} min`;
  return `${(value / 3600).toFixed(1)} h`;
}

/** A job by its title, with its number where another is called the same. */
function nameOf(job) {
  const title = job.description?.title ?? "Job";
  const isShared = run.jobs.filter((other) => (other.description?.title ?? "Job") === title).length > 1;
  return isShared ? `${title} ${job.id}` : title;
}

function drawJobs() {
  const latest = run.jobs.slice(-8).reverse();
  if (!isNew("jobs", latest.map((job) => [job.id, job.state, nameOf(job)]), run.job)) return;
  $("jobs").replaceChildren(...(run.jobs.length < 2 || embedded ? [] : latest.map((job) => {
    const button = h("button", { type: "button", "aria-current": job.id === run.job ? "true" : undefined },
      h("span", { class: "dot", "data-state": job.state, "aria-hidden": "true" }),
      nameOf(job), h("span", { class: "quiet" }, job.state));
    button.addEventListener("click", () => choose(job.id));
    return button;
  })));
}

function drawHero(job) {
  const created = new Date(job.created * 1000).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
  put("title", job.description?.title ?? `Job ${job.id}`);
  put("state", job.state, stateTone[job.state]);
  put("identity", `job ${job.id} · by ${job.submitter} · ${created}`);
  const tone = job.state === "failed" ? "bad" : job.waiting || job.state === "stopped" ? "care" : undefined;
  put("sentence", sentence(job), tone);
  document.title = `${job.state === "running" ? `${run.rounds.length}/${planned(job) ?? "?"}` : job.state} · Tacit`;
  $("progress").dataset.tone = stateTone[job.state];
  $("progress").value = job.state === "done" ? 1 : run.rounds.length / (planned(job) ?? Infinity);
  const report = $("report");
  report.hidden = Boolean(embedded) || run.rounds.length === 0;
  report.href = `report.html?job=${encodeURIComponent(job.id)}`;
}

function drawTiles(job, all, measure) {
  const last = run.rounds.at(-1);
  const best = (key) => all.findLast((one) => one[key] != null);
  const [good, loss] = [best(measure.key), best("loss")];
  const after = (one) => (one ? `after round ${count(one.round)}` : "with the first round");
  const sent = run.rounds.reduce((sum, round) => sum + round.bytesSent, 0);
  const time = run.rounds.reduce((sum, round) => sum + round.seconds, 0);
  const tiles = [
    ["Rounds", planned(job) ? `${count(run.rounds.length)} / ${count(planned(job))}` : count(run.rounds.length),
      last ? `last: ${last.answered} of ${last.asked} workers` : "none yet"],
    [measure.name, measure.format(good?.[measure.key]), after(good)],
    ["Loss", figure(loss?.loss), after(loss)],
    ["Time a round", seconds(last && time / run.rounds.length),
      last ? `last ${seconds(last.seconds)}` : "mean of all rounds"],
    ["Sent", bytes(sent), last ? `${bytes(sent / run.rounds.length)} a round` : "payload of all together"],
  ];
  if (job.privacy) {
    const { epsilon, delta, limit } = job.privacy;
    const more = `δ ${delta < 1e-3 ? delta.toExponential() : delta}`;
    tiles.push(["Privacy spent", `ε ${significant(epsilon)}`, limit ? `${more}, ends at ε ${significant(limit)}` : more]);
  }
  if (!isNew("tiles", tiles)) return;
  $("tiles").replaceChildren(...tiles.map(([name, value, more]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value), h("dd", { class: "more" }, more))));
}

function drawCharts(job, all, measure) {
  const series = (key) => all.filter((one) => isNumber(one[key])).map((one) => [one.round, one[key]]);
  const lastRound = Math.max(planned(job) ?? 0, run.rounds.at(-1)?.round ?? 0, 1);
  const above = (points) => {
    const largest = Math.max(...points.map((one) => one[1]), 0);
    if (!(largest > 0)) return 1;
    const step = niceStep(largest, 4);
    return Math.ceil(largest / step - 1e-9) * step;
  };
  const [good, loss] = [series(measure.key), series("loss")];
  const missed = 1 - Math.min(...good.map((one) => one[1]), 0.9);
  const shareStep = niceStep(missed, 4);
  const isShare = measure.key === "accuracy";
  put("quality-title", measure.name);
  lineChart("quality", {
    name: measure.name, points: good, lastRound, format: measure.format, hue: "first",
    low: isShare && good.length ? 1 - Math.ceil(missed / shareStep - 1e-9) * shareStep : 0,
    high: isShare ? 1 : above(good),
    tick: isShare ? (value) => `${Math.round(value * 1000) / 10} %` : shortTick,
  });
  lineChart("loss", {
    name: "Loss", points: loss, lastRound, format: figure, hue: "second", low: 0, high: above(loss), tick: shortTick,
  });
  const recent = run.rounds.slice(-40);
  put("costs-range", run.rounds.length > 40 ? "the last 40" : "");
  barChart("time", { name: "Time", values: recent.map((round) => round.seconds), format: seconds });
  barChart("bytes", { name: "Sent", values: recent.map((round) => round.bytesSent), format: bytes });
}
const shortTick = (value) =>
  (value === 0 || (value < 1e4 && value >= 1e-3) ? String(Number(value.toPrecision(3))) : value.toExponential(0));

function drawRounds(job, all, measure) {
  if (!isNew("rounds", job.id, run.rounds.length, all.length, measure.name)) return;
  put("rounds-quality", measure.key === "accuracy" ? "Accuracy" : "RMSE");
  const after = new Map(all.map((one) => [one.round, one]));
  const rows = run.rounds.slice(-200).reverse().map((round) => h("tr", {},
    h("td", { class: "number" }, count(round.round)),
    h("td", { class: "number", title: round.missing.length ? `without ${round.missing.join(", ")}` : undefined },
      `${round.answered} / ${round.asked}`),
    h("td", { class: "number" }, measure.format(after.get(round.round)?.[measure.key])),
    h("td", { class: "number" }, figure(after.get(round.round)?.loss)),
    h("td", { class: "number" }, seconds(round.seconds)),
    h("td", { class: "number" }, bytes(round.bytesSent))));
  if (!rows.length) rows.push(h("tr", {}, h("td", { colspan: 6, class: "quiet prose" }, "No round is completed yet.")));
  $("rounds").replaceChildren(...rows);
}

function drawWorkers() {
  const workers = run.workers;
  const number = (state) => workers.filter((worker) => worker.state === state).length;
  const present = ["idle", "busy", "offline"].filter((state) => number(state) > 0);
  put("workers-count", present.map((state) => `${count(number(state))} ${state}`).join(" · "));
  show("workers-dots", workers.length > 12);
  if (!isNew("workers", workers)) return;
  $("workers-dots").replaceChildren(...(workers.length > 12 ? workers.map((worker) =>
    h("span", { class: "dot", "data-state": worker.state, title: `${worker.name}: ${worker.state}` })) : []));
  const rows = workers.slice(0, 200).map((worker) => h("tr", {},
    h("td", {}, worker.name),
    h("td", {}, h("span", { class: "dot", "data-state": worker.state, "aria-hidden": "true" }), worker.state),
    h("td", { class: "number" }, seconds(worker.latencySeconds)),
    h("td", { class: "number" }, bytes(worker.bytesSent)),
    h("td", { class: "number" }, bytes(worker.bytesReceived))));
  const more = workers.length ? workers.length > 200 && `and ${count(workers.length - 200)} more, shown as dots above`
    : "No worker yet: start one beside each owner’s data with tacit worker.";
  if (more) rows.push(h("tr", {}, h("td", { colspan: 5, class: "quiet prose" }, more)));
  $("workers").replaceChildren(...rows);
}

function drawDescription(description) {
  show("learns-card", Boolean(description));
  show("model-card", Boolean(description?.layers.length));
  if (!description || !isNew("description", description)) return;
  const { aggregation, layers, parameterCount, strategy } = description;
  put("hides", aggregation.name, aggregation.hidesUpdates ? "good" : "care");
  put("summary", aggregation.summary);
  $("roles").replaceChildren(...aggregation.roles.map(({ role, learns }) =>
    h("div", {}, h("dt", {}, capital(role)), h("dd", {}, asSentence(learns)))));
  put("model-size", [parameterCount && `${count(parameterCount)} parameters`, strategy].filter(Boolean).join(" · "));
  $("layers").replaceChildren(...layers.map((layer) => h("li", {}, layer.name, h("span", {}, layer.detail))));
}

function draw() {
  if (run.jobs === null || run.workers === null) return;
  show("details", true);
  drawWorkers();
  drawJobs();
  const job = run.jobs.find((one) => one.id === run.job);
  show("empty", !job);
  show("run", Boolean(job));
  drawDescription(job?.description);
  show("rounds-card", Boolean(job));
  if (!job) return;
  const all = figures(job);
  const measure = quality(all);
  drawHero(job);
  drawTiles(job, all, measure);
  drawCharts(job, all, measure);
  drawRounds(job, all, measure);
  const lost = all.findLast((one) => one.loss != null);
  if (lost && !isNumber(lost.loss)) {
    trouble("The loss is no number any more: the model diverged. Stop the job and lower its learning rate.");
  }
}

// Connection

let source = null;
let isDrawing = false;

function drawSoon() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => { isDrawing = false; draw(); });
}
function trouble(text) {
  put("trouble", text ?? "");
  show("trouble", Boolean(text));
}
function link(state, text) {
  $("link").dataset.state = document.body.dataset.link = state;
  put("link", text);
}
function choose(id) {
  run.choice = id;
  location.hash = id;
  connect();
}

/** Why there is no connection: an event source does not tell, a request does. */
async function explain(isRefused) {
  try {
    const answer = await fetch("api/workers");
    if (answer.status === 401) {
      return "The coordinator was started anew, and this page’s address is of before: open the one that it printed then.";
    }
    if (!answer.ok) return await answer.text();
    return isRefused ? "Too many pages watch this coordinator; close one of them. Trying again." : "";
  } catch {
    return "The coordinator does not answer; trying again. If it was stopped, start it with the same --state: "
      + "its jobs go on from their last round.";
  }
}

function connect() {
  source?.close();
  source = new EventSource(run.choice ? `events?job=${encodeURIComponent(run.choice)}` : "events");
  const on = (name, take) => source.addEventListener(name, (event) => { take(event.data); drawSoon(); });
  source.onopen = () => { link("live", "live"); trouble(); };
  on("jobs", (data) => { run.jobs = JSON.parse(data); trouble(); });
  on("workers", (data) => { run.workers = JSON.parse(data); });
  on("rounds", (data) => {
    const news = JSON.parse(data);
    if (news.isBeginning) pointed.clear();
    run.rounds = news.isBeginning ? news.rounds : run.rounds.concat(news.rounds);
    run.job = news.job;
  });
  on("trouble", (data) => trouble(data));
  source.onerror = async () => {
    link("lost", "not connected");
    const failed = source;
    const isRefused = failed.readyState === EventSource.CLOSED;
    const reason = await explain(isRefused);
    if (failed !== source || failed.readyState === EventSource.OPEN) return;
    trouble(reason);
    if (isRefused) setTimeout(() => { if (failed === source) connect(); }, 5000);
  };
}

addEventListener("resize", drawSoon);
if (embedded) {
  const { job, rounds, workers } = JSON.parse(embedded.textContent);
  Object.assign(run, { jobs: [job], workers, rounds, job: job.id });
  $("kind").textContent = "report";
  $("link").hidden = true;
  show("workers-card", workers.length > 0);
  draw();
} else {
  run.choice = location.hash.slice(1) || null;
  connect();
}
