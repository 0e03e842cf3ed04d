// Ten cells of the mask that is shown: does the query see the key?

const quiz = { asked: 0, right: 0, cell: null, numbers: null };
const quizIsOn = () => quiz.cell !== null;

/** A cell, hidden and visible ones alike, near the diagonal where rules differ. */
function drawnCell() {
  const count = maskView.rows.length;
  const wanted = Math.random() < 0.5;
  for (let attempt = 0; attempt < 500; attempt++) {
    const q = Math.floor(Math.random() * count);
    const k = Math.floor(Math.random() * count);
    const isNear = Math.abs(maskView.rows[q][1] - maskView.rows[k][1]) <= 1;
    if (q !== k && isNear && maskView.allowed(q, k) === wanted) return [q, k];
  }
  return [0, 0];
}

function ask() {
  quiz.cell = drawnCell();
  [state.query, state.key] = quiz.cell;
  const [q, k] = quiz.cell.map((i) => nameOf(maskView.rows[i]));
  $("question").textContent = `Question ${quiz.asked + 1} of 10: ${q} as the query, ${k} as the key. Does it see it?`;
  $("cell").textContent = "The cell is hidden until you answer.";
  for (const item of $("sentences").children) item.classList.remove("here");
  const pen = $("mask").getContext("2d");
  drawMask();
  const ratio = window.devicePixelRatio || 1;
  const [x, y] = [maskView.margin + state.key * maskView.size, maskView.margin + state.query * maskView.size];
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = colour("text");
  pen.fillRect(x - 1, y - 1, maskView.size + 1, maskView.size + 1);
}

function answer(says) {
  const [q, k] = quiz.cell;
  const isRight = maskView.allowed(q, k) === says;
  quiz.cell = null;
  quiz.asked++;
  if (isRight) quiz.right++;
  [state.query, state.key] = [q, k];
  drawMask();
  describeCell();
  const clause = maskView.clauses(q, k);
  const verdict = `${isRight ? "Right" : "No"}: it ${maskView.allowed(q, k) ? "sees" : "does not see"} it. ${clause}: `
    + `${maskView.sentences.get(clause)}.`;
  $("quizScore").textContent = `${quiz.right} of ${quiz.asked} right. ${verdict}`;
  if (quiz.asked < 10) return ask();
  $("answers").hidden = true;
  $("question").textContent = `Done: ${quiz.right} of 10 right.`;
}

function beginQuiz() {
  $("quiz").addEventListener("click", () => {
    stop();
    [quiz.asked, quiz.right] = [0, 0];
    $("question").hidden = $("answers").hidden = false;
    $("quizScore").textContent = "";
    if (maskView.rows.length > 1) ask();
    $("sees").focus();
  });
  $("sees").addEventListener("click", () => answer(true));
  $("hides").addEventListener("click", () => answer(false));
}
