// Elements from names, properties and children.

/** Makes an element; text goes in as text, so that nothing of a workflow is ever read as HTML. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

let fields = 0;

/** Makes a labelled control. */
export function labelled(text, control, hint) {
  control.id = `field-${(fields += 1)}`;
  const parts = [element("label", { htmlFor: control.id }, text)];
  if (hint) {
    parts.push(element("p", { className: "quiet", id: `${control.id}-hint` }, hint));
    control.setAttribute("aria-describedby", `${control.id}-hint`);
  }
  return element("div", {}, ...parts, control);
}

export function json(value) {
  return element("pre", { tabIndex: 0 }, JSON.stringify(value, null, 2));
}

export function status(name) {
  return element("span", { className: `status ${name}` }, name);
}

export function time(text) {
  return element("time", { className: "quiet", dateTime: text ?? "" }, text ? new Date(text).toLocaleString() : "");
}
