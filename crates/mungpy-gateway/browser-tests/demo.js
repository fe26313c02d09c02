// Writes a manifest of demo dogs with what shelters say about them: `node demo.js FOLDER`. The dogs
// are the composites of tests/data; names, shelters and numbers are made up.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const DOGS = join(dirname(fileURLToPath(import.meta.url)), "../../../tests/data/dogs");
const NAMES = ["보리", "초코", "콩이", "두부", "감자", "호두", "모카", "자두", "단추", "구름", "밤이", "솔이", "탄이", "율무", "망고", "참깨"];
const REGIONS = ["경기도 성남시", "경기도 고양시", "서울특별시 마포구", "제주특별자치도 제주시"];
const SHELTERS = ["하늘 동물보호센터", "들꽃 유기견쉼터", "마루 동물보호소", "바람 유기동물센터"];
const DAY = 86_400_000;

const [folder] = process.argv.slice(2);
if (!folder) throw new Error("name the folder that the manifest goes into");
mkdirSync(folder, { recursive: true });

const [head, ...rows] = readFileSync(join(DOGS, "dogs.csv"), "utf8").trim().split("\n").map((row) => row.split(","));
const manifest = rows.map(([id, imageId, ...sides], index) => {
  copyFileSync(join(DOGS, `${id}.jpg`), join(folder, `${id}.jpg`));
  const traits = Object.fromEntries(head.slice(2).map((axis, at) => [axis, sides[at]]).filter(([, side]) => side));
  const attributes = {
    name: NAMES[index], shelter: SHELTERS[index % 4], region: REGIONS[index % 4], phone: `031-000-${String(1000 + index)}`, page: `https://shelter.example/dogs/${id}`,
    sex: index % 2 ? "male" : "female", breed: "믹스견", notice_end: new Date(Date.now() + (3 + index) * DAY).toISOString().slice(0, 10),
  };
  // Some sources say nothing, and the page must do without.
  return { dog_id: id, image_id: imageId, photos: [`${id}.jpg`], traits, attributes: NAMES[index] ? attributes : {} };
});
writeFileSync(join(folder, "dogs.jsonl"), manifest.map((dog) => `${JSON.stringify(dog)}\n`).join(""));
