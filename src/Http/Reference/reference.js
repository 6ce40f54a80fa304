const first = ["Tasks", "Projects"];
const methods = ["get", "post", "put", "patch", "delete"];

const el = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

const resolve = (api, node) => {
  let at = node;
  while (at?.$ref) at = at.$ref.replace("#/", "").split("/").reduce((found, part) => found?.[part], api);
  return at;
};

const typeOf = (api, schema) => {
  const found = resolve(api, schema) ?? {};
  const type = Array.isArray(found.type) ? found.type.join(" | ") : (found.type ?? (found.enum ? "string" : ""));
  if (type === "array") return `${typeOf(api, found.items)}[]`;
  return [type, found.format && `(${found.format})`].filter(Boolean).join(" ");
};

const limitsOf = (api, schema) => {
  const found = resolve(api, schema) ?? {};
  const words = [];
  if (found.enum) words.push(found.enum.filter((value) => value !== null).join(" · "));
  if (found.minimum !== undefined || found.maximum !== undefined) words.push(`${found.minimum ?? ""} … ${found.maximum ?? ""}`);
  if (found.maxLength !== undefined) words.push(`at most ${found.maxLength} characters`);
  if (found.default !== undefined) words.push(`default ${JSON.stringify(found.default)}`);
  return words.join("; ");
};

const exampleOf = (content) => content?.example ?? Object.values(content?.examples ?? {})[0]?.value;

const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

// Of Markdown what descriptions use: code between backticks, strong text between double asterisks.
const marked = (text) =>
  text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) =>
    part.startsWith("`") ? el("code", {}, part.slice(1, -1)) : part.startsWith("**") ? el("strong", {}, part.slice(2, -2)) : part);

const operationsOf = (api) =>
  Object.entries(api.paths).flatMap(([path, item]) =>
    methods.filter((method) => item[method]).map((method) => {
      const operation = item[method];
      const id = operation.operationId ?? `${method}${path.replace(/[^a-z0-9]+/gi, "-")}`;
      return { id, path, method: method.toUpperCase(), tag: operation.tags?.[0] ?? "other", ...operation };
    }),
  );

const request = (operation, inputs, body, token) => {
  let path = operation.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const [parameter, input] of inputs) {
    if (input.value === "") continue;
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (parameter.in === "query") query.append(parameter.name, input.value);
    else if (parameter.in === "header") headers[parameter.name] = input.value;
  }
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = Object.keys(operation.requestBody?.content ?? {})[0] ?? "application/json";
  const url = path + (query.size > 0 ? `?${query}` : "");
  return { url, options: { method: operation.method, headers, body: body || undefined } };
};

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const curl = ({ url, options }) =>
  [
    `curl -s ${options.method === "GET" ? "" : `-X ${options.method} `}${quoted(location.origin + url)}`,
    ...Object.entries(options.headers).map(([name, value]) => `  -H ${quoted(`${name}: ${value}`)}`),
    ...(options.body ? [`  -d ${quoted(options.body)}`] : []),
  ].join(" \\\n");

const show = async ({ url, options }, output) => {
  output.hidden = false;
  output.textContent = "…";
  try {
    const started = performance.now();
    const answer = await fetch(url, options);
    const text = await answer.text();
    const took = (performance.now() - started).toFixed(1);
    const shown = ["location", "etag", "events-position", "retry-after", "link"].filter((name) => answer.headers.has(name));
    const type = answer.headers.get("content-type") ?? "";
    output.textContent = [
      `${answer.status} ${answer.statusText} in ${took} ms`,
      ...shown.map((name) => `${name}: ${answer.headers.get(name)}`),
      "",
      type.includes("json") && !type.includes("ndjson") && text ? pretty(JSON.parse(text)) : text,
    ].join("\n");
  } catch (error) {
    output.textContent = `No answer: ${error.message}`;
  }
};

const parameterTable = (api, parameters, inputs) =>
  el("table", {},
    el("thead", {}, el("tr", {}, ...["Parameter", "In", "Type", "Value"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...parameters.map((parameter) => {
      const input = el("input", { "aria-label": parameter.name, placeholder: parameter.example ?? "", value: parameter.required ? (parameter.example ?? "") : "" });
      inputs.push([parameter, input]);
      const about = [parameter.description, limitsOf(api, parameter.schema)].filter(Boolean).join(" ");
      return el("tr", {},
        el("td", {}, el("code", {}, parameter.name), parameter.required ? " *" : ""),
        el("td", {}, parameter.in),
        el("td", {}, typeOf(api, parameter.schema), about ? el("div", {}, el("small", {}, ...marked(about))) : null),
        el("td", {}, input));
    })));

const memberTable = (api, schema) => {
  const found = resolve(api, schema);
  if (!found?.properties) return null;
  return el("details", {},
    el("summary", {}, "Members"),
    el("table", {}, el("tbody", {}, ...Object.entries(found.properties).map(([name, member]) =>
      el("tr", {},
        el("td", {}, el("code", {}, name), found.required?.includes(name) ? " *" : ""),
        el("td", {}, typeOf(api, member)),
        el("td", {}, [resolve(api, member)?.description, limitsOf(api, member)].filter(Boolean).join(" ")))))));
};

const answers = (api, operation) =>
  el("details", {},
    el("summary", {}, `Answers: ${Object.keys(operation.responses ?? {}).join(", ")}`),
    ...Object.entries(operation.responses ?? {}).map(([status, response]) => {
      const found = resolve(api, response);
      const example = exampleOf(Object.values(found.content ?? {})[0]);
      return el("div", {}, el("p", {}, el("code", {}, status), ` ${found.description ?? ""}`), example === undefined ? null : el("pre", {}, pretty(example)));
    }));

const article = (api, operation, token) => {
  const parameters = (operation.parameters ?? []).map((parameter) => resolve(api, parameter));
  const content = Object.values(resolve(api, operation.requestBody)?.content ?? {})[0];
  const inputs = [];
  const body = content ? el("textarea", { rows: "8", spellcheck: "false", "aria-label": "Request body" }) : null;
  if (body) body.value = pretty(exampleOf(content) ?? {});
  const output = el("pre", { hidden: "", role: "status" });
  const current = () => request(operation, inputs, body?.value, token.value);
  return el("article", { id: operation.id, "data-text": `${operation.method} ${operation.path} ${operation.summary ?? ""} ${operation.tag}`.toLowerCase() },
    el("h3", {}, el("span", { class: `method ${operation.method}` }, operation.method), ` ${operation.path}`),
    operation.summary ? el("p", { class: "summary" }, operation.summary) : null,
    operation.description ? el("p", { class: "description" }, ...marked(operation.description)) : null,
    parameters.length > 0 ? parameterTable(api, parameters, inputs) : null,
    body ? el("div", {}, memberTable(api, content.schema), body) : null,
    answers(api, operation),
    el("p", {},
      el("button", { type: "button", onclick: () => show(current(), output) }, "Send"),
      " ",
      el("button", { type: "button", class: "quiet", onclick: () => { output.hidden = false; output.textContent = curl(current()); } }, "Show curl")),
    output);
};

const draw = (api) => {
  const token = document.getElementById("token");
  token.value = sessionStorage.getItem("token") ?? "";
  token.addEventListener("input", () => sessionStorage.setItem("token", token.value));
  document.getElementById("version").textContent = `${api.info?.version ?? ""} · OpenAPI ${api.openapi}`;

  const place = (tag) => (first.includes(tag) ? first.indexOf(tag) : first.length);
  const groups = [...Map.groupBy(operationsOf(api), (operation) => operation.tag)].sort(([a], [b]) => place(a) - place(b));
  const main = document.getElementById("operations");
  const contents = document.getElementById("contents");
  main.replaceChildren(...groups.map(([tag, operations]) =>
    el("section", { "aria-label": tag }, el("h2", {}, tag), ...operations.map((operation) => article(api, operation, token)))));
  contents.replaceChildren(...groups.flatMap(([tag, operations]) => [
    el("h2", {}, tag),
    ...operations.map((operation) =>
      el("a", { href: `#${operation.id}`, title: operation.summary ?? operation.path }, el("span", { class: `method ${operation.method}` }, operation.method), el("span", {}, operation.path.replace("/api/v1", "")))),
  ]));
  main.setAttribute("aria-busy", "false");
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();

  document.getElementById("filter").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const node of main.querySelectorAll("article")) {
      const hidden = !words.every((word) => node.dataset.text.includes(word));
      node.hidden = hidden;
      contents.querySelector(`a[href="#${node.id}"]`).hidden = hidden;
    }
    for (const section of main.querySelectorAll("section")) section.hidden = !section.querySelector("article:not([hidden])");
  });
};

fetch("/openapi/v1.json")
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`))))
  .then(draw)
  .catch((error) => {
    document.getElementById("operations").replaceChildren(el("p", { role: "alert" }, `The document cannot be read: ${error.message}.`));
  });
