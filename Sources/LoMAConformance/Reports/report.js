"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const word = place => place == null ? "" : data.words[place];
const make = (name, attributes, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children);
  return element;
};
const units = data.units.map(([place, dtype, verdict, tone, ratio, seconds, why, group, failure]) => {
  const [id, level, op, profile, hunts, clauses, again] = data.cases[place].map(word);
  return { id, level, op, profile, hunts, clauses, dtype: word(dtype), verdict: word(verdict), tone: word(tone),
    ratio: word(ratio), seconds: word(seconds), why: word(why), group, failure: data.failures[failure],
    again: again + (word(dtype) === "i64" ? "" : " --dtype " + word(dtype)) + data.again };
});
for (const unit of units) {
  const place = unit.failure && unit.failure.finding ? word(unit.failure.finding[1]) : "";
  unit.text = [unit.id, unit.profile, unit.why, place].join("\n").toLowerCase();
}

// Pictures: every cell of a class is one path, so that a mask of thousands of cells is a handful of elements.
const svg = (name, attributes, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};
const classes = text => [...text.matchAll(/([a-f])([0-9]*)/g)].flatMap(
  ([, letter, count]) => Array(Number(count || 1)).fill(letter.charCodeAt(0) - 97));
const square = (x, y, side, share) => {
  const [edge, length] = [side * (1 - share) / 2, side * share];
  return `M${(x + edge).toFixed(1)} ${(y + edge).toFixed(1)}h${length.toFixed(1)}v${length.toFixed(1)}` +
    `h${(-length).toFixed(1)}z`;
};
// A class of cells and the share of its side that is filled: what is worse is larger, whatever its colour.
const sizes = { seen: 0.8, hidden: 0.14, ring: 1, h1: 0.14, h2: 0.4, h3: 0.58, h4: 0.76, h5: 0.92 };
const grid = (rows, columns, label, marks) => {
  const side = Math.max(7, Math.min(18, Math.floor(600 / columns.length), Math.floor(900 / rows.length)));
  const width = Math.max(...rows.map(row => row.length)) * 6.2 + 8;
  const height = Math.max(...columns.map(column => column.length)) * 6.2 + 8;
  const picture = svg("svg", { role: "img", "aria-label": label, width: width + columns.length * side + 4,
    height: height + rows.length * side + 4 });
  const step = Math.ceil(11 / side);
  rows.forEach((row, place) => {
    if (place % step) return;
    picture.append(svg("text", { x: width - 5, y: height + (place + 0.5) * side + 3.5, class: "row" }, row));
  });
  columns.forEach((column, place) => {
    if (place % step) return;
    const [x, y] = [width + (place + 0.5) * side + 3.5, height - 5];
    picture.append(svg("text", { x, y, transform: `rotate(-90 ${x} ${y})` }, column));
  });
  picture.append(svg("rect", { x: width, y: height, width: columns.length * side, height: rows.length * side,
    class: "frame" }));
  for (const [name, places] of Object.entries(marks)) {
    const path = places.map(place => square(width + place % columns.length * side,
      height + Math.floor(place / columns.length) * side, side, sizes[name])).join("");
    if (name === "ring") picture.append(svg("path", { class: "halo", d: path }));
    picture.append(svg("path", { class: name, d: path }));
  }
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, picture);
};
const sign = (name, words) => {
  const picture = svg("svg", { width: 18, height: 18, "aria-hidden": "true" },
    svg("rect", { x: 2, y: 2, width: 14, height: 14, class: "frame" }));
  if (name === "ring") picture.append(svg("path", { class: "halo", d: square(2, 2, 14, 1) }));
  picture.append(svg("path", { class: name, d: square(2, 2, 14, sizes[name] || 0) }));
  return make("span", {}, picture, " " + words);
};
const list = (lines, more, noun) => make("ul", { class: "cells" }, ...lines.map(line => make("li", {}, line)),
  ...(more > 0 ? [make("li", {}, `and ${more} more ${noun}`)] : []));
const wrongMask = (drawing, panel) => {
  const labels = word(panel.rows).split("\n");
  const cells = classes(panel.cells);
  const at = (...wanted) => cells.flatMap((cell, place) => wanted.includes(cell) ? [place] : []);
  const ring = at(2, 3);
  const name = drawing.texts > 1 ? ` of text ${panel.text}` : "";
  const size = `${labels.length} rows by ${labels.length} keys`;
  const lines = ring.slice(0, 6).map(place => {
    const [row, key] = [labels[Math.floor(place / labels.length)], labels[place % labels.length]];
    return cells[place] === 3 ? `${row} does not see ${key}; right is that it does`
      : `${row} sees ${key}; right is that it does not`;
  });
  return make("figure", {},
    make("figcaption", {}, `mask${name}, ${size}: ${ring.length} ${ring.length === 1 ? "cell is" : "cells are"} ` +
      "wrong. A row of the picture is a query, a column a key."),
    make("p", { class: "legend" }, sign("seen", "sees"), sign("hidden", "does not see"), sign("ring", "wrong there"),
      make("span", {}, "x reading, m memory, r repetition, with chunk and index; p pad")),
    make("div", { class: "pair" },
      make("div", {}, make("h4", {}, "right"), grid(labels, labels, `the right mask${name}, ${size}`,
        { seen: at(1, 3), hidden: at(0, 2), ring })),
      make("div", {}, make("h4", {}, "this candidate"), grid(labels, labels,
        `the candidate's mask${name}, ${size}; wrong cells stand below`,
        { seen: at(1, 2), hidden: at(0, 3), ring }))),
    list(lines, ring.length - lines.length, "cells"));
};
const steps = [["h1", "at most the bound: right"], ["h2", "to 10 ×"], ["h3", "to 10³ ×"], ["h4", "to 10⁶ ×"],
  ["h5", "more"]];
const heatMap = drawing => {
  const [rows, columns] = [word(drawing.rows).split("\n"), word(drawing.columns).split("\n")];
  const cells = classes(drawing.cells);
  const [height, width] = drawing.size;
  const reduced = height > rows.length || width > columns.length ? "; a cell is the worst of its block" : "";
  const words = `error over bound of ${word(drawing.tensor)}, ${height} rows by ${width} columns${reduced}`;
  const marks = Object.fromEntries(steps.map(([name], step) =>
    [name, cells.flatMap((cell, place) => cell === step + 1 ? [place] : [])]));
  return make("figure", {}, make("figcaption", {}, words),
    make("p", { class: "legend" }, make("span", {}, "times the bound:"), sign("h0", "0"),
      ...steps.map(step => sign(...step))),
    grid(rows, columns, words + "; the worst rows stand below", marks),
    list(drawing.worst.map(([row, ratio]) => `row ${rows[row]}: up to ${ratio} times the bound`), 0));
};
const pictures = drawing => !drawing ? [] : !drawing.masks ? [heatMap(drawing)] :
  [...drawing.masks.map(panel => wrongMask(drawing, panel)),
    ...(drawing.more > 0 ? [make("p", {}, `The masks of ${drawing.more} more texts are wrong.`)] : [])];

const row = (name, value) => make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, value));
const body = unit => {
  const failure = unit.failure;
  const rows = [row("hunts", unit.hunts), row("why", unit.why)];
  if (failure && failure.finding) {
    const [tensor, place, got, want, ratio] = failure.finding.map(word);
    rows.push(row("where", tensor), row("place", place), row("got", got), row("right", want),
      row("error over bound", ratio));
  }
  if (failure && failure.texts != null) rows.push(row("texts", word(failure.texts)));
  rows.push(row("clauses", unit.clauses), row("again", make("code", {}, unit.again)));
  const parts = failure && failure.diagnosis ? [list(failure.diagnosis.map(word), 0)] : [];
  if (failure) parts.push(...pictures(failure.drawing));
  else parts.push(make("p", {}, "Its details stand in report.json."));
  parts.push(make("table", { class: "list" },
    make("caption", { class: "unseen" }, `${unit.id}, ${unit.dtype}`), make("tbody", {}, ...rows)));
  if (failure && failure.errors != null) {
    parts.push(make("details", {}, make("summary", {}, "standard error"), make("pre", { tabindex: "0" },
      word(failure.errors))));
  }
  return parts;
};
const verdict = (unit, count) =>
  make("span", { class: "verdict " + unit.tone }, (count ? count + " " : "") + unit.verdict);
// What is folded is made when it is first opened.
const folded = (attributes, summary, fill) => {
  const element = make("details", attributes, summary);
  element.addEventListener("toggle", () => { if (element.open && fill) { fill(element); fill = null; } });
  return element;
};

const one = data.unit == null ? null : units[data.unit];
if (one) {
  document.getElementById("unit").append(make("h3", {}, verdict(one), ` ${one.id} ${one.dtype}`), ...body(one));
}
const entries = [];
const groups = data.groups.map(([title, diagnosis], place) => {
  const members = units.filter(unit => unit.group === place);
  const count = make("span", {});
  const element = folded({ class: "group" }, make("summary", {}, count, " " + title), holder => {
    if (diagnosis.length && members.length > 1) {
      holder.append(make("p", {}, "Said most of them:"), list(diagnosis.map(word), 0));
    }
    for (const unit of members) {
      const entry = folded({ class: "failure" },
        make("summary", {}, `${unit.id} ${unit.dtype}`, make("span", { class: "dim" }, " " + unit.profile)),
        inside => inside.append(...body(unit)));
      entries.push([unit, entry]);
      holder.append(entry);
    }
    narrow();
  });
  document.getElementById("groups").append(element);
  return { members, element, count };
});
const lines = [];
document.getElementById("all").replaceWith(folded({ id: "all" }, document.querySelector("#all > summary"), holder => {
  const names = ["id", "type", "profile", "verdict", "error/bound", "seconds", "why"];
  const table = make("tbody", {});
  for (const unit of units) {
    const line = make("tr", {}, make("th", { scope: "row" }, unit.id), ...[unit.dtype, unit.profile].map(
      text => make("td", {}, text)), make("td", { class: unit.tone }, unit.verdict),
      make("td", { class: "n" }, unit.ratio), make("td", { class: "n" }, unit.seconds),
      make("td", { class: "why" }, unit.why));
    lines.push([unit, line]);
    table.append(line);
  }
  holder.append(make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of units" },
    make("table", { class: "list" }, make("caption", {}, "Every unit in the order of the run"),
      make("thead", {}, make("tr", {}, ...names.map(name => make("th", { scope: "col" }, name)))), table)));
  narrow();
}));

const form = document.querySelector(".filter");
const fits = unit => ["verdict", "level", "dtype"].every(name => {
  const wanted = form.elements[name].value;
  return !wanted || unit[name] === wanted;
}) && unit.text.includes(form.elements.text.value.toLowerCase());
const narrow = () => {
  const shown = new Set(units.filter(fits));
  for (const [unit, element] of [...entries, ...lines]) element.hidden = !shown.has(unit);
  let wrong = 0;
  for (const { members, element, count } of groups) {
    const fit = members.filter(unit => shown.has(unit));
    wrong += fit.length;
    element.hidden = fit.length === 0;
    count.replaceChildren(verdict(members[0], fit.length));
  }
  if (one) document.getElementById("unit").parentElement.hidden = !shown.has(one);
  const level = form.elements.level.value;
  for (const line of document.querySelectorAll(".grid tbody tr")) {
    line.hidden = level !== "" && line.dataset.level !== level;
  }
  form.querySelector("output").textContent = `${shown.size} of ${units.length} units, ${wrong} wrong`;
};
form.hidden = false;
form.addEventListener("input", narrow);
form.addEventListener("submit", event => event.preventDefault());
narrow();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
