// Rows over a line of positions, a lane for each zone, and the angle between the two rows of the chosen cell.

function drawPositions() {
  const rows = maskView.all ?? [];
  const svg = $("positions");
  const last = rows.reduce((most, row) => Math.max(most, row[3]), 0);
  const [width, left, right] = [960, 78, 10];
  const x = (position) => left + (last ? (position / last) * (width - left - right) : 0);
  svg.setAttribute("viewBox", `0 0 ${width} 150`);
  const lanes = [26, 66, 106];
  const parts = [];
  ["reading", "memory", "repetition"].forEach((zone, i) => {
    parts.push(drawn("text", { x: 0, y: lanes[i] + 4 }, zone));
    const y = lanes[i] + 10;
    parts.push(drawn("line", { x1: left, x2: width - right, y1: y, y2: y, stroke: "var(--line)" }));
  });
  for (let mark = 0; mark <= last; mark += Math.max(1, 2 ** Math.floor(Math.log2(Math.max(last, 1) / 8)))) {
    parts.push(drawn("text", { x: x(mark), y: 144, "text-anchor": "middle" }, String(mark)));
    parts.push(drawn("line", { x1: x(mark), x2: x(mark), y1: 14, y2: 130, stroke: "var(--line)" }));
  }
  const chosen = state.query === null ? null : maskView.rows[state.query];
  const room = Math.max(3, Math.min(11, ((width - left - right) / Math.max(last, 1)) * 0.42));
  for (const row of rows) {
    if (row[0] > 2) continue;
    const isChosen = chosen && placeOf(chosen) === placeOf(row);
    const dot = drawn("circle", {
      cx: x(row[3]), cy: lanes[row[0]], r: room, fill: `var(--${zones[row[0]]})`,
      stroke: isChosen ? "var(--text)" : "none", "stroke-width": 3,
    });
    parts.push(dot);
    if (room > 6) {
      parts.push(drawn("text", {
        x: x(row[3]), y: lanes[row[0]] + 4, "text-anchor": "middle", fill: "var(--ink)",
      }, row[0] === 0 ? visible(row[5]) : row[0] === 1 ? String(row[2]) : "r"));
    }
  }
  svg.replaceChildren(...parts);
  const other = state.key === null ? null : maskView.rows[state.key];
  if (!chosen || !other) {
    $("positionsSays").textContent = "Choose a cell of the mask: its two rows stand here.";
    return;
  }
  const distance = chosen[3] - other[3];
  const dimension = data.config.head_dim;
  const slow = data.config.rope_theta ** (-(dimension - 2) / dimension);
  const degrees = (angle) => (angle * 180) / Math.PI;
  $("positionsSays").textContent = `Query ${nameOf(chosen)}, key ${nameOf(other)}: ${distance} apart. `
    + `The rotary embedding turns their first pair of numbers by ${degrees(distance).toFixed(0)}° against each other, `
    + `the last pair by ${degrees(distance * slow).toFixed(2)}° (MOD-3).`;
}
