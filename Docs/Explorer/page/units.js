// Shared by the parts of the page: elements by id, text of bytes, SVG.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const zones = ["reading", "memory", "repetition", "pad"];
const letters = ["x", "m", "r", "p"];

/** A new element with properties and children. */
function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

/** A new SVG element with attributes. */
function drawn(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A byte as it is shown: printable ASCII as itself, anything else as ~. */
const shown = (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "~");
/** The same where a space must be seen. */
const visible = (byte) => (byte === 32 ? "␣" : shown(byte));

/** The path through points of a picture. */
const lineOf = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const grouped = (number) => Math.round(number).toLocaleString("en");
const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)}%` : "–");
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Lets the user keep a picture as a file; colours are written out, since the page's style is not in it. */
function save(name, svg) {
  const copy = svg.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  let text = new XMLSerializer().serializeToString(copy);
  text = text.replace(/var\(--(\w+)\)/g, (_, name) => colour(name));
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
