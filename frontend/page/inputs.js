// A form for a workflow's inputs, by the schema of its input node.

import { element, labelled } from "./dom.js";

/** Gives the fields of a document's input node: [name, {type, required, default, description}]. */
export function inputFields(definition) {
  const node = Object.values(definition?.nodes ?? {}).find((found) => found.type === "input");
  const schema = node?.data?.schema ?? {};
  if (schema.type === "object" && schema.properties) {
    const required = new Set(schema.required ?? []);
    return Object.entries(schema.properties).map(([name, field]) => [name, { ...field, required: required.has(name) }]);
  }
  return Object.entries(schema).filter(([, field]) => typeof field === "object" && field !== null);
}

/** Makes the form's controls; `read` gives the inputs, or throws an error that names the field. */
export function inputForm(definition) {
  const controls = inputFields(definition).map(([name, field]) => [name, field, control(field)]);
  const rows = controls.map(([name, field, made]) => labelled(field.required ? `${name} (required)` : name, made, field.description));
  const read = () => {
    const inputs = {};
    for (const [name, field, made] of controls) {
      const value = valueOf(name, field, made);
      if (value !== undefined) inputs[name] = value;
    }
    return inputs;
  };
  return { rows, read };
}

function control(field) {
  if (field.type === "boolean") return element("input", { type: "checkbox", checked: field.default === true });
  if (Array.isArray(field.enum)) {
    return element("select", {}, field.enum.map((value) => element("option", { value, selected: value === field.default }, String(value))));
  }
  const given = field.default;
  if (field.type === "number" || field.type === "integer") {
    return element("input", { type: "number", step: field.type === "integer" ? "1" : "any", value: given ?? "" });
  }
  if (field.type === "string") {
    const text = String(given ?? "");
    return text.includes("\n") || text.length > 120
      ? element("textarea", { value: text, rows: 6 })
      : element("input", { type: "text", value: text });
  }
  return element("textarea", { value: given === undefined ? "" : JSON.stringify(given, null, 2), rows: 6, placeholder: "JSON" });
}

function valueOf(name, field, made) {
  if (field.type === "boolean") return made.checked;
  const text = made.value;
  if (text === "" && field.type !== "string") return undefined;
  if (text === "" && !field.required && field.default === undefined) return undefined;
  if (field.type === "number" || field.type === "integer") return Number(text);
  if (field.type === "string" || Array.isArray(field.enum)) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${name}: expected JSON (${error.message})`);
  }
}
