// Builds assets/ into assets/dist: app.css, app.js, icons.svg, favicon.svg, fonts/ and paper/. Names stay
// plain; Django's manifest storage adds the content hash. No source maps: the manifest storage
// would look for them.
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, "dist");
const lucide = path.dirname(createRequire(import.meta.url).resolve("lucide-static/package.json"));

/** One icon file as a <symbol>: the drawing only; stroke and fill are set by .icon in the CSS. */
function symbol(name, svg) {
  const viewBox = /viewBox="([^"]+)"/.exec(svg)?.[1];
  const inner = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(svg)?.[1];
  if (!viewBox || !inner) throw new Error(`icon ${name}: not an SVG drawing`);
  return `<symbol id="${name}" viewBox="${viewBox}">${inner.replace(/\s+/g, " ").trim()}</symbol>`;
}

/** The sprite holds the icons named in icons.json and our own drawings in icons/. */
async function sprite() {
  const { lucide: names } = JSON.parse(await readFile(path.join(here, "icons.json"), "utf8"));
  const own = (await readdir(path.join(here, "icons"))).filter((file) => file.endsWith(".svg")).sort();
  const files = [
    ...names.map((name) => [name, path.join(lucide, "icons", `${name}.svg`)]),
    ...own.map((file) => [path.basename(file, ".svg"), path.join(here, "icons", file)]),
  ];
  const symbols = await Promise.all(files.map(async ([name, file]) => symbol(name, await readFile(file, "utf8"))));
  await writeFile(
    path.join(dist, "icons.svg"),
    `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`,
  );
}

/** The typefaces of documents (apps/common/paper.py): a PDF takes them as TrueType, browsers do not. */
async function paper() {
  const require = createRequire(import.meta.url);
  const folder = path.join(dist, "paper");
  await mkdir(folder);
  const files = [
    "@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf",
    "@expo-google-fonts/noto-sans/400Regular_Italic/NotoSans_400Regular_Italic.ttf",
    "@expo-google-fonts/noto-sans/700Bold/NotoSans_700Bold.ttf",
    "@expo-google-fonts/source-serif-4/600SemiBold/SourceSerif4_600SemiBold.ttf",
  ];
  await Promise.all(
    files.map((file) => copyFile(require.resolve(file), path.join(folder, path.basename(file)))),
  );
}

const options = {
  entryPoints: [
    { in: path.join(here, "css/app.css"), out: "app" },
    { in: path.join(here, "js/app.js"), out: "app" },
  ],
  outdir: dist,
  bundle: true,
  minify: !process.argv.includes("--watch"),
  format: "iife",
  target: ["chrome123", "firefox121", "safari17.5"],
  loader: { ".woff2": "file" },
  assetNames: "fonts/[name]",
  legalComments: "none",
  logLevel: "warning",
};

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await Promise.all([sprite(), paper(), copyFile(path.join(here, "favicon.svg"), path.join(dist, "favicon.svg"))]);
if (process.argv.includes("--watch")) {
  await (await esbuild.context(options)).watch();
} else {
  await esbuild.build(options);
}
