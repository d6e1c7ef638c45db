"""Docs page: the API on one page of our own: it reads /openapi.json, needs no other host, and can ask the model."""

from __future__ import annotations

from tamis.core import Page

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_STYLE = """<style>
label { display:block; font-size:13px; color:var(--soft); margin:12px 0 4px; }
textarea, input[type=text], input[type=password], select { width:100%; font:inherit; color:inherit;
  background:var(--wash); border:1px solid var(--line); border-radius:8px; padding:9px 12px; }
textarea { min-height:76px; resize:vertical; }
textarea:focus, input:focus, select:focus { outline:2px solid var(--accent); outline-offset:-1px; }
.row { display:grid; grid-template-columns:repeat(auto-fit,minmax(200px,1fr)); gap:0 16px; }
button { font:inherit; font-weight:600; color:var(--paper); background:var(--accent); border:0; border-radius:8px;
  padding:9px 22px; margin:16px 12px 0 0; cursor:pointer; } button:hover { filter:brightness(1.08); }
button:disabled { opacity:.5; cursor:wait; } .took { font-size:13px; color:var(--soft); }
.said { display:none; margin-top:18px; border-top:1px solid var(--line); padding-top:16px; }
.said.shown { display:block; }
.verdict { font-size:24px; font-weight:650; letter-spacing:-.02em; margin:0 0 10px; overflow-wrap:anywhere; }
.verdict small { font-size:14px; font-weight:400; color:var(--soft); letter-spacing:0; margin-left:8px; }
.verdict.silent { color:var(--warn); } .verdict.wrong { color:var(--bad); font-size:17px; }
.bar { display:grid; grid-template-columns:minmax(80px,220px) 1fr 56px; gap:12px; align-items:center; font-size:14px;
  margin:5px 0; } .bar span { overflow:hidden; text-overflow:ellipsis; white-space:nowrap; }
.bar i { display:block; height:10px; border-radius:5px; background:var(--wash); border:1px solid var(--line); }
.bar i b { display:block; height:100%; border-radius:5px; background:var(--accent); min-width:2px; opacity:.55; }
.bar.top i b { opacity:1; } .bar.top span { font-weight:600; }
.bar em { font-style:normal; text-align:right; font-variant-numeric:tabular-nums; color:var(--soft); }
.route { border-top:1px solid var(--line); } .route:first-of-type { border-top:0; }
.route > summary { display:flex; flex-wrap:wrap; gap:4px 12px; align-items:baseline; padding:10px 0; color:inherit;
  list-style:none; } .route > summary::-webkit-details-marker { display:none; }
.route > summary code { background:none; border:0; padding:0; font-size:14px; font-weight:600;
  overflow-wrap:anywhere; }
.route > summary span.told { color:var(--soft); font-size:14px; } .route[open] > summary { padding-bottom:2px; }
.route > summary:hover code { color:var(--accent); }
.method { font:700 11px/20px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace; letter-spacing:.04em; flex:none;
  width:58px; text-align:center; border-radius:5px; color:var(--accent);
  background:color-mix(in srgb, var(--accent) 13%, transparent); }
.method.post { color:var(--good); background:color-mix(in srgb, var(--good) 14%, transparent); }
.method.put, .method.patch { color:var(--warn); background:color-mix(in srgb, var(--warn) 14%, transparent); }
.method.delete { color:var(--bad); background:color-mix(in srgb, var(--bad) 13%, transparent); }
.inside { padding:0 0 14px 70px; }
.inside p { color:var(--soft); margin:2px 0 8px; max-width:78ch; white-space:pre-line; }
.inside h3 { font-size:13px; margin:14px 0 4px; } .inside td:first-child { white-space:nowrap; }
.inside pre { margin:6px 0; max-height:340px; overflow:auto; white-space:pre-wrap; overflow-wrap:anywhere; }
.status { font-variant-numeric:tabular-nums; font-weight:600; } .need { color:var(--bad); } .type { color:var(--soft); }
@media (max-width:600px) { .inside { padding-left:0; } .bar { grid-template-columns:90px 1fr 48px; } }
</style>"""
_ASK = """<label for="text">A text</label>
<textarea id="text" placeholder="a tender film about the sea"></textarea>
<div class="row"><div><label for="model">Model</label>
<select id="model"><option value="">the first</option></select></div>
<div><label for="threshold">Keep silent below</label>
<input type="text" id="threshold" inputmode="decimal" placeholder="the model's own rule"></div>
<form id="key-part" hidden><label for="key">API key</label>
<input type="password" id="key" autocomplete="off"></form></div>
<button id="ask">Ask</button><span class="took" id="took">or Ctrl + Enter</span>
<div class="said" id="said" aria-live="polite"><p class="verdict" id="verdict"></p><div id="bars"></div>
<details><summary>The answer as JSON</summary><pre id="json"></pre></details>
<details><summary>The same with curl</summary><pre id="curl"></pre></details></div>"""
_SCRIPT = """<script>
const $ = id => document.getElementById(id);
function make(tag, inside, look) {  // text is never HTML here
  const node = document.createElement(tag);
  if (look) node.className = look;
  for (const each of [inside ?? []].flat()) node.append(each);
  return node;
}
const headers = () => ({"content-type": "application/json", ...($("key").value ? {"x-api-key": $("key").value} : {})});

async function ask() {
  const body = {text: $("text").value, scores: true};
  if ($("model").value) body.model = $("model").value;
  const given = $("threshold").value.trim(), number = Number(given.replace(",", "."));
  if (given) body.threshold = Number.isNaN(number) ? given : number;
  $("ask").disabled = true;
  const start = performance.now();
  try {
    const answer = await fetch("predict", {method: "POST", headers: headers(), body: JSON.stringify(body)});
    const said = await answer.json();
    $("took").textContent = `${(performance.now() - start).toFixed(1)} ms there and back`;
    show(answer.ok ? said.predictions[0] : null, said);
    const key = $("key").value ? ' -H "x-api-key: $KEY"' : "";
    const quoted = JSON.stringify(body).replaceAll("'", "'\\\\''");
    const told = `curl -s ${location.origin}/predict -H 'content-type: application/json'${key}`;
    $("curl").textContent = `${told} -d '${quoted}'`;
  } catch (error) { show(null, {detail: `no answer: ${error.message}`}); }
  $("ask").disabled = false;
}

function show(prediction, whole) {
  $("said").classList.add("shown");
  $("json").textContent = JSON.stringify(whole, null, 2);
  const verdict = $("verdict");
  if (!prediction) {
    verdict.className = "verdict wrong";
    verdict.textContent = whole.detail;
    $("bars").replaceChildren();
    return;
  }
  const labels = [prediction.label ?? prediction.labels].flat().filter(each => each !== null && each !== undefined);
  const silent = (prediction.label ?? prediction.labels ?? null) === null;
  verdict.className = silent ? "verdict silent" : "verdict";
  const name = silent ? "keeps silent" : labels.join(", ") || "none of the labels";
  verdict.replaceChildren(name, make("small", String(prediction.reason).replaceAll("_", " ")));
  const scores = Object.entries(prediction.scores ?? {}).sort((one, other) => other[1] - one[1]);
  $("bars").replaceChildren(...scores.slice(0, 12).map(([label, score]) => {
    const part = make("b");
    part.style.width = `${100 * score}%`;
    const title = make("span", label);
    title.title = label;
    const cells = [title, make("i", part), make("em", score.toFixed(3))];
    return make("div", cells, labels.includes(label) ? "bar top" : "bar");
  }));
}

function typeOf(schema, parts) {
  if (!schema) return "";
  if (schema.$ref) return typeOf(named(schema.$ref, parts), parts);
  const several = schema.anyOf ?? schema.oneOf;
  if (several) {
    const types = several.flatMap(each => typeOf(each, parts).split(" or "));
    return [...new Set(types)].filter(each => each !== "null" || types.length < 2).join(" or ");
  }
  if (schema.enum) return schema.enum.map(each => JSON.stringify(each)).join(", ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.type)) {
    return schema.type.filter(each => each !== "null").map(type => typeOf({...schema, type}, parts)).join(" or ");
  }
  if (schema.type === "array") return `list of ${typeOf(schema.items, parts) || "anything"}`;
  const least = schema.minimum ?? schema.exclusiveMinimum, most = schema.maximum ?? schema.exclusiveMaximum;
  const range = [least === undefined ? "" : `from ${least}`, most === undefined ? "" : `to ${most}`];
  return [schema.type ?? "anything", ...range].filter(Boolean).join(" ");
}
const prose = text => (text ?? "").trim().split("`").map((each, place) => place % 2 ? make("code", each) : each);
const named = (ref, parts) => parts[ref.split("/").pop()] ?? {};

function table(rows) {
  const body = make("tbody", rows.map(cells => make("tr", cells.map(each => make("td", each)))));
  return make("div", make("table", body), "scroll");
}

function fields(schema, parts) {
  if (!schema) return [];
  if (schema.$ref) return fields(named(schema.$ref, parts), parts);
  const several = (schema.anyOf ?? schema.oneOf)?.filter(each => each.properties || each.$ref);
  if (several?.length) {
    return several.flatMap(each => {
      const whole = each.$ref ? named(each.$ref, parts) : each;
      return [make("p", prose(whole.description ?? whole.title)), ...fields(whole, parts)];
    });
  }
  const needed = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([name, each]) => [
    [make("code", name), needed.has(name) ? make("span", " *", "need") : ""],
    make("span", typeOf(each, parts), "type"), prose(each.description)]);
  const inner = Object.entries(schema.properties ?? {}).filter(([, each]) => each.items?.properties);
  const titled = name => make("p", ["each of ", make("code", name)]);
  const deeper = inner.flatMap(([name, each]) => [titled(name), ...fields(each.items, parts)]);
  return rows.length ? [table(rows), ...deeper] : [];
}

function examples(content, schema) {
  const given = Object.values(content.examples ?? {}).map(each => each.value);
  const inner = [schema, ...(schema?.anyOf ?? schema?.oneOf ?? [])].flatMap(each => each?.examples ?? []);
  const all = [...given, ...("example" in content ? [content.example] : []), ...inner];
  return all.slice(0, 4).map(each => {
    const short = typeof each === "string" ? each : JSON.stringify(each);
    return make("pre", typeof each === "string" || short.length < 90 ? short : JSON.stringify(each, null, 2));
  });
}

function route(path, method, told, parts) {
  const head = [make("span", method.toUpperCase(), `method ${method}`), make("code", path),
    make("span", told.summary ?? "", "told")];
  const inside = [make("p", prose(told.description))];
  if (told.parameters?.length) {
    inside.push(make("h3", "Parameters"), table(told.parameters.map(each => [
      make("code", each.name), make("span", `${each.in}, ${typeOf(each.schema, parts)}`, "type"),
      prose(each.description)])));
  }
  for (const [kind, content] of Object.entries(told.requestBody?.content ?? {})) {
    inside.push(make("h3", `Body: ${kind}`), ...fields(content.schema, parts), ...examples(content, content.schema));
  }
  inside.push(make("h3", "Answers"));
  const answers = [];
  for (const [status, answer] of Object.entries(told.responses ?? {})) {
    answers.push([make("span", status, "status"), make("span", Object.keys(answer.content ?? {}).join(", "), "type"),
      answer.description ?? ""]);
  }
  inside.push(table(answers));
  for (const [status, answer] of Object.entries(told.responses ?? {})) {
    if (status >= "300") continue;
    for (const content of Object.values(answer.content ?? {})) {
      inside.push(...fields(content.schema, parts), ...examples(content, content.schema));
    }
  }
  return make("details", [make("summary", head), make("div", inside, "inside")], "route");
}

async function start() {
  $("ask").addEventListener("click", ask);
  $("text").addEventListener("keydown", event => { if (event.ctrlKey && event.key === "Enter") ask(); });
  const api = await (await fetch("openapi.json")).json();
  const parts = api.components?.schemas ?? {};
  document.querySelector(".lead").textContent = `${api.info.summary} Version ${api.info.version}`;
  $("key-part").hidden = !api.components?.securitySchemes;
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, told] of Object.entries(methods)) {
      const tag = told.tags?.[0] ?? "other";
      groups.set(tag, [...(groups.get(tag) ?? []), route(path, method, told, parts)]);
    }
  }
  const about = new Map((api.tags ?? []).map(each => [each.name, each.description]));
  const routes = $("routes").closest("section");
  for (const [tag, all] of groups) {
    const title = tag[0].toUpperCase() + tag.slice(1), section = make("section");
    section.id = `tag-${tag.replaceAll(" ", "-")}`;
    section.append(make("h2", title), ...(about.get(tag) ? [make("p", about.get(tag))] : []), ...all);
    routes.before(section);
    const link = make("a", title);
    link.href = `#${section.id}`;
    document.querySelector("nav").append(link);
  }
  routes.remove();
  document.querySelector('nav a[href="#s2"]').remove();
  const info = await fetch("info", {headers: headers()});
  if (info.ok) {
    const names = Object.keys((await info.json()).models);
    $("model").replaceChildren(...names.map(name => make("option", name)));
  }
}
start().catch(error => { $("routes").textContent = `openapi.json could not be read: ${error.message}`; });
</script>"""


def _page() -> str:
    page = Page(
        "Tamis",
        lead="A text classifier that says when it does not know.",
        footer="This page needs no other host. The same for machines: /openapi.json",
    )
    page.section("Ask", _STYLE, _ASK)
    page.section("Routes", '<div id="routes">…</div>', _SCRIPT)
    return page.html()


PAGE = _page()
