// The page: which view the address asks for, and the views.

import { Live, call } from "./api.js";
import { element, json, labelled, status, time } from "./dom.js";
import { inputForm } from "./inputs.js";

const HELLO = {
  name: "Hello",
  nodes: {
    who: { id: "who", type: "input", data: { schema: { name: { type: "string", default: "world" } } } },
    greet: { id: "greet", type: "set", data: { fields: { text: "Hello, ${inputs.name}!" } } },
    out: { id: "out", type: "output", data: { name: "greeting", value: "${greet.output.text}" } },
  },
  edges: [
    { source: "who", target: "greet" },
    { source: "greet", target: "out" },
  ],
};
const ENDED = new Set(["completed", "failed", "cancelled"]);
const REFRESH = 120;
const MOST_STEPS = 300;

const main = document.getElementById("main");
const notice = document.getElementById("notice");
const live = new Live((text) => (document.getElementById("connection").textContent = text));
let shown = 0;

const routes = [
  [/^#\/runs\/([^/]+)$/, showRun],
  [/^#\/runs$/, () => showRuns("")],
  [/^#\/workflows\/([^/]+)$/, showWorkflow],
  [/^#\/new$/, showNew],
  [/^/, showWorkflows],
];

async function route() {
  const turn = (shown += 1);
  live.follow(null, () => {});
  tell("");
  for (const link of document.querySelectorAll("nav a")) {
    link.toggleAttribute("aria-current", link.getAttribute("href") === (location.hash || "#/"));
  }
  const address = location.hash || "#/";
  const [pattern, show] = routes.find(([found]) => found.test(address));
  try {
    await show(...(pattern.exec(address).slice(1).map(decodeURIComponent)), () => turn === shown);
  } catch (error) {
    if (turn === shown) put("Something is wrong", element("p", { className: "error" }, error.message));
  }
}

function put(title, ...children) {
  document.title = `${title} · Millrace`;
  main.replaceChildren(element("h2", {}, title), ...children.flat());
}

function tell(message) {
  notice.textContent = message;
  notice.hidden = !message;
}

/** Makes a handler that shows what goes wrong, and keeps its button from being pressed twice. */
function acting(action) {
  return async (event) => {
    event.preventDefault();
    const button = event.submitter ?? event.currentTarget;
    button.disabled = true;
    tell("");
    try {
      await action();
    } catch (error) {
      tell(error.message);
    } finally {
      button.disabled = false;
    }
  };
}

async function showWorkflows() {
  const list = element("ul", { className: "list" });
  const more = element("button", { type: "button", className: "plain", hidden: true }, "Show more");
  const search = element("input", { type: "search" });
  let cursor = null;
  const load = async (anew) => {
    const query = new URLSearchParams({ limit: "50", search: search.value });
    if (!anew && cursor) query.set("cursor", cursor);
    const { workflows, pagination } = await call("GET", `/api/workflows?${query}`);
    cursor = pagination.next_cursor;
    more.hidden = !cursor;
    const items = workflows.map(workflowItem);
    if (anew) list.replaceChildren(...items);
    else list.append(...items);
    return workflows.length;
  };
  more.addEventListener("click", acting(() => load(false)));
  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => load(true).catch((error) => tell(error.message)), 200);
  });
  if ((await load(true)) === 0) return put("Workflows", emptyState());
  put("Workflows", labelled("Search", search), list, more);
}

function workflowItem(workflow) {
  return element(
    "li",
    {},
    element(
      "div",
      { className: "row" },
      element("a", { href: `#/workflows/${encodeURIComponent(workflow.id)}` }, workflow.name),
      workflow.last_status ? status(workflow.last_status) : null,
      element("span", { className: "quiet end" }, workflow.published_version ? `version ${workflow.published_version}` : "draft"),
    ),
    workflow.description ? element("p", { className: "quiet" }, workflow.description) : null,
  );
}

function emptyState() {
  return element(
    "div",
    { className: "card" },
    element("p", {}, "There are no workflows yet. A workflow is a document of nodes and edges: each node takes what the nodes before it gave, and nodes that do not depend on each other run at the same time."),
    element("p", {}, "Start with a small one: it takes a name and gives a greeting. Create it, give it a name, run it, and watch its steps."),
    element("p", {}, element("a", { href: "#/new" }, "Create a first workflow")),
  );
}

function showNew() {
  const text = element("textarea", { className: "tall", spellcheck: false, value: JSON.stringify(HELLO, null, 2) });
  const create = async () => {
    let definition;
    try {
      definition = JSON.parse(text.value);
    } catch (error) {
      throw new Error(`The document is no JSON: ${error.message}`);
    }
    const { id } = await call("POST", "/api/workflows", { name: definition.name ?? "Untitled", definition });
    location.hash = `#/workflows/${id}`;
  };
  put(
    "New workflow",
    element(
      "form",
      { onsubmit: acting(create) },
      labelled("Workflow document (JSON)", text, "Nodes by their ids, edges between them. ${…} takes values of earlier nodes, in JSONata."),
      element("button", { type: "submit" }, "Create"),
    ),
  );
}

async function showWorkflow(id, isShown) {
  const path = `/api/workflows/${encodeURIComponent(id)}`;
  const workflow = await call("GET", path);
  if (!isShown()) return;
  const { rows, read } = inputForm(workflow.definition);
  const run = async () => {
    const body = { workflow_id: id, inputs: read() };
    if (!workflow.published_version) body.draft = true;
    const { execution_id } = await call("POST", "/api/workflows/execute", body);
    location.hash = `#/runs/${execution_id}`;
  };
  const publish = async () => {
    await call("POST", `${path}/publish`, {});
    await route();
  };
  const runs = element("div", {});
  put(
    workflow.name,
    element("p", { className: "quiet" }, workflow.description || "", " ", workflow.published_version ? `Version ${workflow.published_version} is live.` : "A draft; it has not been published."),
    element(
      "form",
      { className: "card", onsubmit: acting(run) },
      rows.length ? rows : element("p", {}, "This workflow takes no inputs."),
      element("button", { type: "submit" }, "Run"),
      element("button", { type: "button", className: "plain", onclick: acting(publish) }, "Publish the draft"),
    ),
    element("h3", {}, "Runs"),
    runs,
    element("details", {}, element("summary", {}, "Document"), json(workflow.definition)),
  );
  runs.replaceChildren(await runList(id));
}

async function showRuns() {
  const { workflows } = await call("GET", "/api/workflows?limit=100");
  put("Runs", await runList("", new Map(workflows.map((workflow) => [workflow.id, workflow.name]))));
}

async function runList(workflow, names = new Map()) {
  const query = new URLSearchParams({ limit: "50" });
  if (workflow) query.set("workflow_id", workflow);
  const { executions } = await call("GET", `/api/executions?${query}`);
  if (!executions.length) {
    return element("p", { className: "quiet" }, workflow ? "It has not run yet. Fill in its inputs above and press Run." : "Nothing has run yet. Choose a workflow and press Run.");
  }
  return element("ul", { className: "list" }, executions.map((run) => runItem(run, names)));
}

function runItem(run, names) {
  return element(
    "li",
    { className: "row" },
    element("a", { href: `#/runs/${encodeURIComponent(run.id)}` }, new Date(run.started_at).toLocaleString()),
    status(run.status),
    names.has(run.workflow_id) ? element("span", {}, names.get(run.workflow_id)) : null,
    element("span", { className: "end quiet" }, duration(run)),
  );
}

function duration(run) {
  return typeof run.duration_ms === "number" ? `${(run.duration_ms / 1000).toFixed(2)} s` : "";
}

async function showRun(id, isShown) {
  const path = `/api/executions/${encodeURIComponent(id)}`;
  const body = element("div", {});
  let waiting = null;
  let drawn = "";
  const refresh = async () => {
    const [run, steps] = await Promise.all([call("GET", path), stepsOf(path)]);
    const text = JSON.stringify([run, steps]);
    if (!isShown() || text === drawn) return;
    drawn = text;
    const open = new Set([...body.querySelectorAll("details[open]")].map((found) => found.dataset.step));
    body.replaceChildren(...runParts(id, path, run, steps, open, refresh));
  };
  put("Run", body);
  await refresh();
  if (!isShown()) return;
  live.follow(id, (event) => {
    if (event.type === "error") tell(event.message);
    clearTimeout(waiting);
    waiting = setTimeout(() => refresh().catch((error) => tell(error.message)), REFRESH);
  });
}

/** Gives a run's steps in the order in which they started; of a long run the first ones that the API gives. */
async function stepsOf(path) {
  const steps = [];
  let cursor = null;
  do {
    const query = new URLSearchParams({ limit: "100" });
    if (cursor) query.set("cursor", cursor);
    const page = await call("GET", `${path}/steps?${query}`);
    steps.push(...page.steps);
    cursor = page.pagination.next_cursor;
  } while (cursor && steps.length < MOST_STEPS);
  return steps.sort((one, other) => (one.started_at ?? "").localeCompare(other.started_at ?? ""));
}

function runParts(id, path, run, steps, open, refresh) {
  const cancel = acting(async () => {
    await call("POST", `${path}/cancel`);
    await refresh();
  });
  return [
    element(
      "p",
      { className: "row", role: "status" },
      status(run.status),
      element("span", {}, duration(run)),
      time(run.started_at),
      element("a", { href: `#/workflows/${encodeURIComponent(run.workflow_id)}` }, "Workflow"),
    ),
    ENDED.has(run.status) ? null : element("button", { type: "button", className: "plain", onclick: cancel }, "Cancel"),
    run.error ? element("p", { className: "error" }, run.error.message ?? JSON.stringify(run.error)) : null,
    run.outputs === null || run.outputs === undefined ? null : [element("h3", {}, "Outputs"), json(run.outputs)],
    element("h3", {}, "Steps"),
    steps.length
      ? element("ol", { className: "list" }, steps.map((step) => stepItem(id, step, open)))
      : element("p", { className: "quiet" }, "No step has been reported yet."),
    steps.length < MOST_STEPS
      ? null
      : element("p", { className: "quiet" }, `Not all steps are shown; ${path}/steps has them, page by page.`),
    element("details", { "data-step": "inputs", open: open.has("inputs") }, element("summary", {}, "Inputs"), json(run.inputs)),
  ].flat().filter(Boolean);
}

function stepItem(id, step, open) {
  const node = step.node_id ?? step.node;
  const key = `${node} ${step.path ?? ""} ${step.attempt ?? 1}`;
  const details = element(
    "details",
    { "data-step": key, open: open.has(key) || step.status === "waiting" },
    element(
      "summary",
      {},
      element("strong", {}, node),
      step.path ? ` (${step.path})` : "",
      " ",
      status(step.status),
      step.attempt > 1 ? ` attempt ${step.attempt}` : "",
    ),
    step.error ? element("p", { className: "error" }, step.error.message ?? JSON.stringify(step.error)) : null,
    step.console?.length ? [element("h4", {}, "Console"), element("pre", {}, step.console.join("\n"))] : null,
    element("h4", {}, "Input"),
    json(step.input ?? null),
    element("h4", {}, "Output"),
    json(step.output ?? null),
    step.status === "waiting" ? answerForm(id, node) : null,
  );
  return element("li", {}, details);
}

function answerForm(id, node) {
  const text = element("textarea", { value: '{"decision": "approved"}', rows: 3 });
  const answer = acting(() => {
    let input;
    try {
      input = JSON.parse(text.value);
    } catch (error) {
      throw new Error(`The answer is no JSON: ${error.message}`);
    }
    live.answer(id, node, input);
  });
  return element(
    "form",
    { onsubmit: answer },
    labelled("Your answer (JSON)", text, "A decision, or the fields of the form."),
    element("button", { type: "submit" }, "Answer"),
  );
}

addEventListener("hashchange", () => route().then(() => main.focus()));
route();
