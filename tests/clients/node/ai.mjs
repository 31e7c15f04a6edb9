// What a program does that uses Vercel's AI SDK with its package for xAI; says as JSON what came
// of it. BASE says where it looks for xAI, AI and XAI which generation of the packages it is.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const { createXai } = await import(process.env.XAI);
const {
  experimental_generateVideo: generateVideo,
  experimental_getVideoStatus: getVideoStatus, // since the seventh generation
  experimental_startVideo: startVideo, // likewise
} = await import(process.env.AI);

const { BASE: base, URL: url, KEY: key, POOR_KEY: poorKey, REEL: reel, PICTURE: picture } =
  process.env;
globalThis.AI_SDK_LOG_WARNINGS = false;

let sent = 0;
const keys = new Set();

function modelOf(apiKey, name = "grok-imagine-video") {
  const counting = (address, options) => {
    sent += 1;
    if (options.method === "POST") keys.add(new Headers(options.headers).get("idempotency-key"));
    return fetch(address, options);
  };
  return createXai({ apiKey, baseURL: url + base, fetch: counting }).video(name);
}

const model = modelOf(key);
const image = new Uint8Array(readFileSync(picture));
const digest = (bytes) => createHash("sha256").update(Buffer.from(bytes)).digest("hex");
const wanted = digest(readFileSync(reel));

// Its own download visits no address of this machine, as is right of it.
const download = async ({ url: address }) => ({
  data: new Uint8Array(await (await fetch(address)).arrayBuffer()),
  mediaType: "video/mp4",
});

function generate({ xai = {}, timeoutMs = 600_000, ...asked }) {
  const before = { pollIntervalMs: 20, pollTimeoutMs: timeoutMs }; // as generations before said it
  return generateVideo({
    model,
    duration: 4,
    download,
    poll: { intervalMs: 20, timeoutMs },
    providerOptions: { xai: { ...before, ...xai } },
    ...asked,
  });
}

async function make(asked) {
  const made = await generate(asked);
  const { video, providerMetadata, responses } = made;
  const { duration, costInUsdTicks, progress, videoUrl } = providerMetadata.xai;
  return {
    shown: [video.mediaType, duration, costInUsdTicks, progress, digest(video.uint8Array) === wanted],
    model: responses[0].modelId,
    videoUrl,
  };
}

const shown = async (asked) => (await make(asked)).shown;

async function refusal(asked) {
  sent = 0;
  try {
    await generate(asked);
  } catch (error) {
    return [error.name, error.statusCode ?? null, error.message, sent];
  }
  return null;
}

const first = await make({ prompt: "a fox", resolution: "1280x720", aspectRatio: "9:16" });
const { videoUrl } = first;

async function resumed() {
  if (!startVideo) return null;
  const { operation } = await startVideo({ model, prompt: "a fox", duration: 1 });
  let found = await getVideoStatus(model, { operation });
  const seen = new Set([found.status]);
  while (found.status === "pending") {
    await new Promise((done) => setTimeout(done, 20));
    found = await getVideoStatus(model, { operation });
    seen.add(found.status);
  }
  return [...seen];
}

const edit = { prompt: "noir", xai: { mode: "edit-video", videoUrl } };
const extend = { prompt: "on", xai: { mode: "extend-video", videoUrl } };
const keyframes = [{ imageUrl: "https://x.test/a.png", timestampSeconds: 1 }];
const told = {
  text: first.shown,
  model: first.model,
  image: await shown({ prompt: { image, text: "it moves" } }),
  references: await shown({ prompt: "<IMAGE_1> meets <IMAGE_2>", inputReferences: [image, image] }),
  edit: await shown({ ...edit, duration: undefined }),
  extend: await shown(extend),
  resumed: await resumed(),
  keys: keys.size,
  has_keys: !keys.has(null),
  wordless: await refusal({ prompt: { image } }),
  endless: await refusal({ prompt: "endless", timeoutMs: 50 }),
  failed: await refusal({ prompt: "forbidden" }),
  stranger: await refusal({ model: modelOf("sk-nobody"), prompt: "a fox" }),
  poor: await refusal({ model: modelOf(poorKey), prompt: "a fox" }),
  unknown: await refusal({ model: modelOf(key, "sora-9"), prompt: "a fox" }),
  large: await refusal({ prompt: "a fox", xai: { resolution: "1080p" } }),
  keyframes: await refusal({
    model: modelOf(key, "grok-imagine-video-1.5"),
    prompt: "a fox",
    xai: { keyframes },
  }),
  its_download: (await refusal({ prompt: "a fox", download: undefined }))[0],
};
process.stdout.write(JSON.stringify(told));
