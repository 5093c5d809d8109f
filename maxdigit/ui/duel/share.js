
// ---- The result as a picture, to save or to share

const WIDTH = 1200;
const TILE = 128; // the pictures' own size
const [MARGIN, GAP, LINE] = [40, 12, 34]; // around everything, between tiles, and the height of a tile's caption
const IN_A_ROW = 4; // tiles for each player
let prepared = null; // a promise of the file of the last game

function preparePicture(title) {
  find(".duel-share").hidden = true;
  const drawing = draw(title).then((made) => new File([made], "maxdigit.png", { type: "image/png" }));
  prepared = drawing;
  void drawing.then((file) => {
    if (prepared === drawing) find(".duel-share").hidden = !navigator.canShare?.({ files: [file] });
  });
}

async function draw(title) {
  const sheet = newElement("canvas");
  const most = Math.max(wrong(0).length, wrong(1).length, 1);
  const top = 330; // above the tiles
  sheet.width = WIDTH;
  sheet.height = top + Math.ceil(most / IN_A_ROW) * (TILE + LINE + GAP) + MARGIN;
  const context = sheet.getContext("2d");
  const font = getComputedStyle(element).fontFamily;
  const write = (text, x, y, size, { weight = 400, colour = "#f4f4f5", align = "left" } = {}) => {
    context.font = `${weight} ${size}px ${font}`;
    context.fillStyle = colour;
    context.textAlign = align;
    context.fillText(text, x, y, WIDTH / 2 - MARGIN);
  };
  context.fillStyle = "#101012";
  context.fillRect(0, 0, sheet.width, sheet.height);
  write("MaxDigit", MARGIN, 74, 28, { weight: 700, colour: "#a8a8b3" });
  write(title, WIDTH - MARGIN, 74, 28, { weight: 700, align: "right" });
  for (const who of [0, 1]) {
    const x = who ? WIDTH / 2 + GAP : MARGIN;
    const right = rounds.length - wrong(who).length;
    write(who ? opponent() : words.you, x, 140, 30, { weight: 700 });
    write(total(who), x, 222, 84, { weight: 700 });
    write(filled(words.right_of, { right, rounds: rounds.length }), x, 262, 24, { colour: "#a8a8b3" });
    write(wrong(who).length ? headingOf(who) : words.none_wrong, x, 312, 22);
    for (const [at, one] of wrong(who).entries()) {
      const [column, row] = [at % IN_A_ROW, Math.floor(at / IN_A_ROW)];
      const [left, upper] = [x + column * (TILE + GAP), top + row * (TILE + LINE + GAP)];
      const picture = new Image();
      picture.src = one.picture;
      await picture.decode().catch(() => {});
      context.drawImage(picture, left, upper);
      write(captionOf(one, who), left + TILE / 2, upper + TILE + 24, 18, { colour: "#a8a8b3", align: "center" });
    }
  }
  return new Promise((done) => sheet.toBlob(done, "image/png"));
}

find(".duel-save").addEventListener("click", async () => {
  const file = await prepared;
  const link = newElement("a", { href: URL.createObjectURL(file), download: file.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});

find(".duel-share").addEventListener("click", async () => {
  try {
    await navigator.share({ files: [await prepared], title: "MaxDigit" });
  } catch (error) {
    if (error.name !== "AbortError") find(".duel-told").textContent = words.unshared;
  }
});
