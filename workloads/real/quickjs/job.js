// Renders the Mandelbrot set as text, sorts objects, and works on strings and maps: a second
// or two of an interpreter at work, and one file at the end.
function mandelbrot(width, height, limit) {
  const lines = [];
  for (let y = 0; y < height; y++) {
    let line = "";
    for (let x = 0; x < width; x++) {
      const cr = (x / width) * 3 - 2, ci = (y / height) * 2 - 1;
      let zr = 0, zi = 0, n = 0;
      while (n < limit && zr * zr + zi * zi < 4) {
        [zr, zi] = [zr * zr - zi * zi + cr, 2 * zr * zi + ci];
        n++;
      }
      line += " .:-=+*#%@"[Math.floor((n / limit) * 9)];
    }
    lines.push(line);
  }
  return lines;
}

function sortObjects(count) {
  let state = 1;
  const objects = [];
  for (let i = 0; i < count; i++) {
    state = (state * 16807) % 2147483647;
    objects.push({ key: state, name: "object " + (state % 1000) });
  }
  objects.sort((a, b) => a.key - b.key);
  const names = new Map();
  for (const { name } of objects) names.set(name, (names.get(name) ?? 0) + 1);
  return [objects[count >> 1].key, names.size];
}

const picture = mandelbrot(160, 80, 400);
const [median, names] = sortObjects(150000);
const file = std.open("picture.txt", "w");
file.puts(picture.join("\n") + "\n");
file.close();
console.log(`median ${median}, names ${names}`);
