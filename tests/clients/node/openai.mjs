// What a program does that uses OpenAI's client for Node; says as JSON what came of it.

import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import OpenAI, { toFile } from "openai";

const { URL: url, KEY: key, POOR_KEY: poorKey, REEL: reel, PICTURE: picture } = process.env;
const image = `data:image/png;base64,${readFileSync(picture).toString("base64")}`;
let sent = 0;

function clientOf(apiKey) {
  const counting = (...asked) => {
    if (String(asked[0]).startsWith(url)) sent += 1; // and not its question what fetch can do
    return fetch(...asked);
  };
  return new OpenAI({ apiKey, baseURL: `${url}/v1`, fetch: counting });
}

const client = clientOf(key);

async function poll(video) {
  while (["queued", "in_progress"].includes(video.status)) {
    await new Promise((done) => setTimeout(done, 20));
    video = await client.videos.retrieve(video.id);
  }
  return video;
}

const finished = async () => poll(await client.videos.create({ prompt: "a fox", seconds: "4" }));

const summary = (video) => [video.object, video.seconds, video.size, video.metadata.operation];

async function refusal(ask) {
  sent = 0;
  try {
    await ask();
  } catch (error) {
    if (!error.requestID) throw error;
    return [error.status, error.code, error.param, sent];
  }
  return null;
}

const digest = (bytes) => createHash("sha256").update(Buffer.from(bytes)).digest("hex");

async function made() {
  const asked = { prompt: "a fox", model: "grok-imagine", seconds: "4", size: "1280x720" };
  const video = await poll(await client.videos.create(asked));
  const film = await (await client.videos.downloadContent(video.id)).arrayBuffer();
  const again = await client.videos.retrieve(video.id);
  return {
    status: video.status,
    progress: video.progress,
    seconds: video.seconds,
    size: video.size,
    model: video.model,
    charged: video.metadata.billing.charged,
    has_link: video.url === video.metadata.url,
    same: again.id === video.id,
    is_reel: digest(film) === digest(readFileSync(reel)),
  };
}

async function madeOfJson() {
  const body = { prompt: "a fox", seconds: "4", size: "480p" };
  return summary(await client.post("/videos", { body }));
}

async function listed() {
  const before = [];
  for await (const video of client.videos.list({ limit: 100 })) before.push(video.id);
  const made = [];
  for (let number = 0; number < 5; number += 1) {
    made.push((await client.videos.create({ prompt: "an owl", seconds: "1" })).id);
  }
  const pages = [];
  for await (const page of (await client.videos.list({ limit: 2 })).iterPages()) pages.push(page);
  const oldest = (await client.videos.list({ limit: 1, order: "asc" })).data[0];
  const after = (await client.videos.list({ after: made[1], limit: 1 })).data;
  const all = pages.flatMap((page) => page.data.map((video) => video.id));
  return {
    newest_first: JSON.stringify(all) === JSON.stringify([...made.toReversed(), ...before]),
    pages: pages.slice(0, 3).map((page) => page.data.length),
    oldest: oldest.id === before.at(-1),
    after: after.length === 1 && after[0].id === made[0],
  };
}

async function deleted() {
  const video = await finished();
  const gone = await client.videos.delete(video.id);
  const then = await refusal(() => client.videos.retrieve(video.id));
  return { deleted: gone.deleted, object: gone.object, then };
}

async function madeOfOthers() {
  const source = await finished();
  const named = { id: source.id };
  const file = () => toFile(readFileSync(reel), "6.mp4", { type: "video/mp4" });
  const made = [
    await client.videos.remix(source.id, { prompt: "in snow" }),
    await client.videos.edit({ prompt: "noir", video: named }),
    await client.videos.edit({ prompt: "noir", video: await file() }),
    await client.videos.extend({ prompt: "on", seconds: "4", video: named }),
    await client.videos.extend({ prompt: "on", seconds: "4", video: createReadStream(reel) }),
  ];
  const ended = [];
  for (const video of made) ended.push(summary(await poll(video)));
  return ended;
}

async function madeOfImages() {
  const two = [{ url: image }, { url: image }];
  const asked = [
    { input_reference: createReadStream(picture), seconds: "4" },
    { input_reference: await toFile(readFileSync(picture), "fox.png"), seconds: "4" },
    { input_reference: { image_url: image }, duration: 4 },
    { image: { url: image }, duration: "4" },
    { images: [image, image], duration: 4 },
    { reference_images: two, duration: 4, generate_audio: false },
    { input_reference: [createReadStream(picture), createReadStream(picture)], seconds: "4" },
    { extra_body: { operation: "text_to_video", duration: 4 } },
  ];
  const made = [];
  for (const each of asked) {
    made.push(summary(await client.videos.create({ prompt: "it moves", ...each })));
  }
  return made;
}

async function failed() {
  const video = await poll(await client.videos.create({ prompt: "forbidden", seconds: "4" }));
  return { status: video.status, code: video.error.code, message: video.error.message };
}

async function repeated() {
  const headers = { "Idempotency-Key": "once" };
  const asked = { prompt: "a", seconds: "4" };
  const first = await client.videos.create(asked, { headers });
  const second = await client.videos.create(asked, { headers });
  const other = await refusal(() => client.videos.create({ ...asked, prompt: "b" }, { headers }));
  return { same: first.id === second.id, other };
}

async function refused() {
  const running = (await client.videos.create({ prompt: "endless", seconds: "4" })).id;
  const [poor, stranger] = [clientOf(poorKey), clientOf("sk-nobody")];
  const film = await toFile(readFileSync(reel), "6.mp4");
  const four = { prompt: "a", seconds: "4" };
  const asked = {
    stranger: () => stranger.videos.create(four),
    poor: () => poor.videos.create(four),
    model: () => client.videos.create({ ...four, model: "sora-9" }),
    seconds: () => client.videos.create({ ...four, seconds: "99" }),
    size: () => client.videos.create({ ...four, size: "1080p" }),
    unknown: () => client.videos.retrieve("video_123"),
    early: () => client.videos.downloadContent(running),
    remix: () => client.videos.remix(running, { prompt: "a" }),
    running: () => client.videos.delete(running),
    character: () => client.videos.createCharacter({ name: "a", video: film }),
    characters: () => client.videos.getCharacter("char_1"),
    private: () => client.videos.create({ ...four, image: "http://127.0.0.1:1/a.png" }),
  };
  const found = {};
  for (const [name, ask] of Object.entries(asked)) found[name] = await refusal(ask);
  return found;
}

async function models() {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  return { names, one: (await client.models.retrieve(names[0])).owned_by };
}

const told = {
  made: await made(),
  made_of_json: await madeOfJson(),
  listed: await listed(),
  deleted: await deleted(),
  made_of_others: await madeOfOthers(),
  made_of_images: await madeOfImages(),
  failed: await failed(),
  repeated: await repeated(),
  refused: await refused(),
  models: await models(),
};
process.stdout.write(JSON.stringify(told));
