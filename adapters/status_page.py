"""The page at /: the status tree for people, live. One document without outside resources.

Its policy lets exactly this style and this script run. Values reach the document as text only, never as markup.
"""

import base64
import hashlib

_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d9dde3, #3a3f47); --faint: light-dark(#5b6470, #a0a8b4);
  --good: light-dark(#0b6b34, #5fd08a); --warn: light-dark(#8a5200, #f0b458); --bad: light-dark(#b3201b, #ff8078); }
body { margin: 1.5rem; font: 15px/1.45 system-ui, sans-serif;
  background: light-dark(#fff, #16181c); color: light-dark(#16181c, #e8eaee); }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; margin-bottom: 1rem; }
h1 { margin: 0; font-size: 1.25rem; }
#news { color: var(--faint); }
#news.bad { color: var(--bad); font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .75rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 500; }
td:first-child { padding-left: calc(.75rem + 1.5rem * var(--depth)); white-space: nowrap; }
td small { color: var(--faint); }
.number { text-align: right; }
.state { font-weight: 600; white-space: nowrap; color: var(--warn); }
.state.running { color: var(--good); }
.state.no-answer { color: var(--bad); }
dl { display: flex; flex-wrap: wrap; gap: 0 1rem; margin: 0; }
dl div { display: flex; gap: .35rem; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
table.stale { opacity: .5; }
"""

_SCRIPT = """
"use strict";
const PERIOD_MS = 2000, DEADLINE_MS = 8000;
const OWN_COLUMNS = ["actor", "name", "pid", "state", "since", "restarts", "children"];
const news = document.getElementById("news"), table = document.querySelector("table");

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function shown(value) {
  if (value === null) return "\\u2013";
  if (typeof value !== "object") return String(value);
  return Object.entries(value).map(([key, inner]) => key + " " + shown(inner)).join(", ");
}

function figures(node) {
  const list = element("dl");
  for (const [key, value] of Object.entries(node).filter(([key]) => !OWN_COLUMNS.includes(key))) {
    const pair = element("div");
    pair.append(element("dt", key.replaceAll("_", " ")), element("dd", shown(value)));
    list.append(pair);
  }
  return list;
}

function cell(content, className) {
  const made = element("td", undefined, className);
  made.append(...content);
  return made;
}

function row(node, depth) {
  const made = element("tr");
  const actor = cell([element("span", node.name || node.actor), " ", element("small", node.name ? node.actor : "")]);
  actor.style.setProperty("--depth", depth);
  made.append(actor,
    cell([node.state], "state " + String(node.state).replaceAll(" ", "-")),
    cell([node.since ? new Date(node.since).toLocaleString() : ""]),
    cell([String(node.pid)], "number"),
    cell([String(node.restarts)], "number"),
    cell([figures(node)]));
  return made;
}

function rows(node, depth) {
  return [row(node, depth), ...node.children.flatMap(child => rows(child, depth + 1))];
}

function tell(text, isBad) {
  news.textContent = text;
  news.className = isBad ? "bad" : "";
  table.className = isBad ? "stale" : "";
}

async function refresh() {
  try {
    const answer = await fetch("status", {cache: "no-store", signal: AbortSignal.timeout(DEADLINE_MS)});
    if (!answer.ok) throw new Error((await answer.text()).trim());
    table.tBodies[0].replaceChildren(...rows(await answer.json(), 0));
    tell("updated " + new Date().toLocaleTimeString(), false);
  } catch (error) {
    tell("no status: " + error.message, true);
  }
}

async function refreshForEver() {
  for (;;) {
    if (!document.hidden) await refresh();
    await new Promise(resume => setTimeout(resume, PERIOD_MS));
  }
}

refreshForEver();
"""

PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>smpp-connector</title>
<link rel="icon" href="data:,">
<style>{_STYLE}</style>
<header><h1>smpp-connector</h1><span id="news" role="status">loading</span></header>
<noscript><p>This page needs JavaScript; the same is at <a href="status">/status</a> as JSON.</p></noscript>
<main class="scroll">
<table>
<thead><tr><th scope="col">Actor<th scope="col">State<th scope="col">Since<th scope="col" class="number">PID
<th scope="col" class="number">Restarts<th scope="col">Figures</thead>
<tbody></tbody>
</table>
</main>
<script>{_SCRIPT}</script>
</html>
"""


def _hash_source(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src {_hash_source(_STYLE)}",
        f"script-src {_hash_source(_SCRIPT)}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
