// Packs keycloak-theme/ as a provider jar for Keycloak images: a zip (APPNOTE 4.3) written with node:zlib, no Java tools.
// The same files give the same bytes, so that an image layer changes only with the theme.
// Usage: node scripts/pack-theme.mjs [out.jar]   (default: dist/drawbridge-theme.jar)
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateRawSync } from 'node:zlib';

const THEMES = join(import.meta.dirname ?? dirname(fileURLToPath(import.meta.url)), '..', 'keycloak-theme');
const DEFLATE = 8;
const VERSION = 20;
const UTF8_NAMES = 0x0800;
// The earliest date that the format knows: 1980-01-01.
const DATE = 0x0021;

/** The jar's files by path: each theme of the folder, and the list of themes that Keycloak reads. */
function listFiles() {
  const files = new Map();
  const themes = readdirSync(THEMES).sort();
  const described = themes.map((name) => ({ name, types: readdirSync(join(THEMES, name)).sort() }));
  files.set('META-INF/keycloak-themes.json', Buffer.from(`${JSON.stringify({ themes: described }, null, 2)}\n`));
  for (const path of readdirSync(THEMES, { recursive: true }).map(String).sort()) {
    if (statSync(join(THEMES, path)).isFile())
      files.set(`theme/${path.replaceAll('\\', '/')}`, readFileSync(join(THEMES, path)));
  }
  return files;
}

/** A zip archive of the files, in their order. */
function zip(files) {
  const bodies = [];
  const directory = [];
  let offset = 0;
  for (const [path, content] of files) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(content, { level: 9 });
    const common = Buffer.alloc(26);
    common.writeUInt16LE(VERSION, 0);
    common.writeUInt16LE(UTF8_NAMES, 2);
    common.writeUInt16LE(DEFLATE, 4);
    common.writeUInt16LE(DATE, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE(offset, 10);
    const local = Buffer.concat([signature(0x04034b50), common, name, packed]);
    directory.push(signature(0x02014b50), Buffer.from([VERSION, 0]), common, entry, name);
    bodies.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.size, 4);
  end.writeUInt16LE(files.size, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...bodies, central, signature(0x06054b50), end]);
}

function signature(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = process.argv[2] ?? 'dist/drawbridge-theme.jar';
  const jar = zip(listFiles());
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, jar);
  console.log(`${out}: ${jar.length} bytes`);
}
