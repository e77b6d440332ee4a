// SPDX-License-Identifier: GPL-3.0-or-later
// Asks two running `ivl serve` with the official client, and writes a line of JSON for each test point:
// {"good", "title", "shown"}. ../real-openai.py says which, in the environment.
import OpenAI from "openai";
import { readFileSync } from "node:fs";

const { IVL_URL, IVL_SLOW_URL, IVL_KEY, IVL_DEMO } = process.env;
const pictures = JSON.parse(readFileSync(`${IVL_DEMO}/pictures.json`, "utf-8"));
const PROMPT = "Please describe the image shortly.";
const LONG = { temperature: 1, seed: 3, max_tokens: 3000 };

function point(good, title, shown) {
  process.stdout.write(JSON.stringify({ good: Boolean(good), title, shown: good ? null : String(shown) }) + "\n");
}

function equal(found, wanted, title) {
  point(JSON.stringify(found) === JSON.stringify(wanted), title, `found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
}

// Name, status and code of the error that `action` ends in
async function failure(action) {
  try {
    await action();
    return ["none"];
  } catch (error) {
    return [error.constructor.name, error.status ?? null, error.code ?? null, error.message];
  }
}

const client = new OpenAI({ baseURL: IVL_URL, apiKey: IVL_KEY, maxRetries: 0 });
const slow = new OpenAI({ baseURL: IVL_SLOW_URL, apiKey: IVL_KEY, maxRetries: 0 });

function part(picture) {
  const data = readFileSync(`${IVL_DEMO}/${picture.file}`).toString("base64");
  return { type: "image_url", image_url: { url: `data:image/png;base64,${data}` } };
}

function about(picture, text = PROMPT) {
  return [{ role: "user", content: [part(picture), { type: "text", text }] }];
}

const say = (text) => [{ role: "user", content: text }];

async function readMetric(url, name) {
  const reply = await fetch(new URL("/metrics", url), { headers: { Authorization: `Bearer ${IVL_KEY}` } });
  const line = (await reply.text()).split("\n").find((text) => text.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.split(" ")[1]);
}

// Whether the slow server has nothing to do, long before its answer would have come to an end
async function isFreed() {
  for (let tries = 0; tries < 100; tries++) {
    if ((await readMetric(IVL_SLOW_URL, "ivl_requests_running")) === 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

async function isBusy() {
  for (let tries = 0; tries < 200; tries++) {
    if ((await readMetric(IVL_SLOW_URL, "ivl_requests_running")) > 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return false;
}

async function readStream(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return {
    chunks,
    text: chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? "").join(""),
    reasons: chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter(Boolean),
  };
}

async function checkModels() {
  const models = (await client.models.list()).data;
  equal(models.length, 1, "one model is listed");
  const model = models[0].id;
  equal((await client.models.retrieve(model)).id, model, "and told of by its name");
  const [name, status] = await failure(() => client.models.retrieve("another"));
  equal([name, status], ["NotFoundError", 404], "another name is not found");
  return model;
}

async function checkChat(model) {
  const picture = pictures[0];
  const whole = await client.chat.completions.create({ model, messages: about(picture), temperature: 0 });
  equal([whole.choices[0].message.content, whole.choices[0].finish_reason, whole.object, whole.model],
    [picture.caption, "stop", "chat.completion", model], "a picture as a data: URL is answered");
  const usage = whole.usage;
  point(usage.prompt_tokens > 36 && usage.completion_tokens > 5 &&
    usage.total_tokens === usage.prompt_tokens + usage.completion_tokens, "with the count of tokens", JSON.stringify(usage));
  const plain = await readStream(await client.chat.completions.create({ model, messages: about(picture), temperature: 0, stream: true }));
  equal([plain.text, plain.reasons], [picture.caption, ["stop"]], "a stream says the same");
  point(plain.chunks.length > 4 && plain.chunks.every((chunk) => !chunk.usage && chunk.choices.length === 1),
    "in pieces, without a count that nobody asked for", plain.chunks.length);
  const counted = await readStream(await client.chat.completions.create(
    { model, messages: about(picture), temperature: 0, stream: true, stream_options: { include_usage: true } }));
  const last = counted.chunks.at(-1);
  equal([counted.text, last.choices, last.usage.prompt_tokens, last.usage.completion_tokens],
    [picture.caption, [], usage.prompt_tokens, usage.completion_tokens], "include_usage: the count comes last, with no choice");
  const helper = client.chat.completions.stream({ model, messages: about(picture), temperature: 0 });
  equal((await helper.finalChatCompletion()).choices[0].message.content, picture.caption, "the client's own stream helper is content");
  const talk = [...about(picture), { role: "assistant", content: picture.caption }, { role: "user", content: picture.questions[0][0] }];
  const second = await client.chat.completions.create({ model, messages: talk, temperature: 0 });
  point(second.choices[0].message.content.length > 0 && second.usage.prompt_tokens > usage.prompt_tokens, "a second question follows", JSON.stringify(second));
}

async function checkOptions(model) {
  const two = await client.chat.completions.create({
    model, temperature: 0, messages: [{ role: "user", content: [part(pictures[0]), part(pictures[1]), { type: "text", text: PROMPT }] }] });
  const one = await client.chat.completions.create({ model, temperature: 0, messages: about(pictures[0]) });
  point(two.usage.prompt_tokens >= one.usage.prompt_tokens + 36 && two.choices[0].message.content.length > 0,
    "two pictures are seen", `${two.usage.prompt_tokens} ${one.usage.prompt_tokens}`);
  const cut = await client.chat.completions.create({ model, temperature: 0, max_tokens: 3, messages: about(pictures[0]) });
  equal([cut.choices[0].finish_reason, cut.usage.completion_tokens], ["length", 3], "max_tokens is kept to");
  const newer = await client.chat.completions.create({ model, temperature: 0, max_completion_tokens: 3, messages: about(pictures[0]) });
  equal(newer.choices[0].finish_reason, "length", "so is max_completion_tokens");
  const stopped = await client.chat.completions.create({ model, temperature: 0, stop: [" on"], messages: about(pictures[0]) });
  equal([stopped.choices[0].message.content, stopped.choices[0].finish_reason], [pictures[0].caption.split(" on")[0], "stop"], "stop ends an answer before the text");
  const several = await client.chat.completions.create({ model, n: 3, temperature: 1, seed: 11, messages: about(pictures[0]) });
  equal(several.choices.map((choice) => choice.index), [0, 1, 2], "n answers");
  const again = await client.chat.completions.create({ model, n: 3, temperature: 1, seed: 11, messages: about(pictures[0]) });
  equal(again.choices.map((choice) => choice.message.content), several.choices.map((choice) => choice.message.content), "the same seed gives the same answers");
  const chances = await client.chat.completions.create({ model, temperature: 0, logprobs: true, top_logprobs: 2, messages: about(pictures[0]) });
  const tokens = chances.choices[0].logprobs?.content ?? [];
  point(tokens.length > 5 && tokens.every((token) => token.logprob <= 0 && token.top_logprobs.length === 2 && token.top_logprobs[0].logprob >= token.top_logprobs[1].logprob),
    "logprobs of each token and its rivals", JSON.stringify(tokens.slice(0, 2)));
  const schema = { type: "object", properties: { alt: { type: "string", maxLength: 60 } }, required: ["alt"], additionalProperties: false };
  const shaped = await client.chat.completions.create({
    model, temperature: 0, max_tokens: 200, messages: about(pictures[0]),
    response_format: { type: "json_schema", json_schema: { name: "alt", strict: true, schema } } });
  let document = shaped.choices[0].message.content;
  try { document = JSON.parse(document); } catch { /* shown as it is */ }
  point(shaped.choices[0].finish_reason === "stop" && JSON.stringify(Object.keys(document)) === '["alt"]' && document.alt.length <= 60, "json_schema: the answer is JSON of that shape", JSON.stringify(shaped.choices[0]));
}

async function checkRefusals(model) {
  const wrong = new OpenAI({ baseURL: IVL_URL, apiKey: "another-key-0123456789", maxRetries: 2 });
  let [name, status] = await failure(() => wrong.chat.completions.create({ model, messages: say("Hello") }));
  equal([name, status], ["AuthenticationError", 401], "a bad key");
  [name, status] = await failure(() => client.chat.completions.create({ model: "another", messages: say("Hello") }));
  equal([name, status], ["NotFoundError", 404], "a bad model");
  const [kind, number, code, message] = await failure(() => client.chat.completions.create({ model, messages: say("word ".repeat(6000)) }));
  equal([kind, number, code], ["BadRequestError", 400, "context_length_exceeded"], `more than the context: ${message}`);
  const cases = {
    "a picture that is none": { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] }] },
    "a web address": { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "http://127.0.0.1:9/x.png" } }] }] },
    "a file": { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "file:///etc/passwd" } }] }] },
    "a temperature below 0": { messages: say("Hello"), temperature: -1 },
    "no messages": { messages: [] },
    "a tool": { messages: say("Hello"), tools: [{ type: "function", function: { name: "f", parameters: {} } }] },
    "a million answers": { messages: say("Hello"), n: 1000000 },
  };
  for (const [title, body] of Object.entries(cases)) {
    [name, status] = await failure(() => client.chat.completions.create({ model, ...body }));
    equal([name, status], ["BadRequestError", 400], `refused: ${title}`);
  }
}

async function checkParallel(model) {
  const wanted = Array.from({ length: 20 }, (_, number) => pictures[number % pictures.length]);
  const answers = await Promise.all(wanted.map(async (picture, number) => {
    if (number % 2) return (await client.chat.completions.create({ model, temperature: 0, messages: about(picture) })).choices[0].message.content;
    return (await readStream(await client.chat.completions.create({ model, temperature: 0, stream: true, messages: about(picture) }))).text;
  }));
  equal(answers, wanted.map((picture) => picture.caption), "20 in parallel: each gets its own answer");
}

async function checkAbort() {
  const model = (await slow.models.list()).data[0].id;
  const messages = say("Say much.");
  const stream = await slow.chat.completions.create({ model, messages, stream: true, ...LONG });
  let count = 0;
  for await (const chunk of stream) {
    count += chunk.choices[0]?.delta?.content ? 1 : 0;
    if (count === 3) stream.controller.abort();
  }
  point(count >= 3 && count < 100, "a stream ends when it is aborted", count);
  point(await isFreed(), "and the server works on it no longer");
  const control = new AbortController();
  const pending = failure(() => slow.chat.completions.create({ model, messages, ...LONG }, { signal: control.signal }));
  point(await isBusy(), "an answer that is not streamed is being made");
  control.abort();
  equal((await pending)[0], "APIUserAbortError", "it can be aborted");
  point(await isFreed(), "and the server works on it no longer");
  equal((await failure(() => slow.chat.completions.create({ model, messages, ...LONG }, { timeout: 400 })))[0],
    "APIConnectionTimeoutError", "the client's own time limit");
  point(await isFreed(), "and the server works on it no longer");
}

const model = await checkModels();
await checkChat(model);
await checkOptions(model);
await checkRefusals(model);
await checkParallel(model);
await checkAbort();
