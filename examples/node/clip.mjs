// Let a picture move: node clip.mjs PICTURE "what happens" CLIP.mp4
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

const base = process.env.COMETAPI_BASE ?? "https://api.cometapi.com";
const seconds = Number(process.env.POLL_SECONDS ?? 5);
const busy = [1302, 1303]; // an unpaid account is answered as 429 too, with other codes, and does not pass

async function call(method, path, body) {
  for (let left = 5; ; left--) {
    const answer = await fetch(`${base}/kling/v1/videos/image2video${path}`, {
      method,
      headers: { Authorization: `Bearer ${process.env.COMETAPI_KEY}`, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const said = await answer.json();
    if (answer.ok) return said.data;
    if (left === 0 || answer.status !== 429 || !busy.includes(said.code))
      throw new Error(`${answer.status} ${said.message ?? said.error.message}`);
    await pause(seconds * 1000);
  }
}

async function ended(id) {
  for (;;) {
    const task = await call("GET", `/${id}`);
    if (task.task_status === "succeed") return task.task_result.videos[0].url;
    if (task.task_status === "failed") throw new Error(task.task_status_msg);
    await pause(seconds * 1000);
  }
}

const [picture, prompt, file] = process.argv.slice(2);
if (!file) {
  console.error('usage: node clip.mjs PICTURE "what happens" CLIP.mp4');
  process.exit(2);
}
try {
  const image = /^https?:/.test(picture) ? picture : (await readFile(picture)).toString("base64");
  const { task_id } = await call("POST", "", { image, prompt, model_name: "kling-v2-6", duration: "5" });
  const clip = await fetch(await ended(task_id));
  if (!clip.ok) throw new Error(`the clip is answered ${clip.status}`);
  await writeFile(file, Buffer.from(await clip.arrayBuffer()));
  console.log(`${task_id} is in ${file}`);
} catch (error) {
  console.error(`clip: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
