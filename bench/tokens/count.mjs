// Reads a JSON list of texts on stdin, prints their numbers of tokens (o200k) as a JSON list.
// With --toon it reads a list of row lists instead and prints their TOON encodings.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const load = async (name) => import(pathToFileURL(createRequire(`${process.argv[2]}/x.js`).resolve(name)).href);
const given = JSON.parse(readFileSync(0, 'utf8'));
if (process.argv.includes('--toon')) {
  const { encode } = await load('@toon-format/toon');
  process.stdout.write(JSON.stringify(given.map((rows) => encode(rows))));
} else {
  const { encode } = await load('gpt-tokenizer/encoding/o200k_base');
  process.stdout.write(JSON.stringify(given.map((text) => encode(text, { disallowedSpecial: new Set() }).length)));
}
