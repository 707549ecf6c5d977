// The form: one field for each column that the model's preprocessing takes.

/** Text that the page's owner gave for a name of the model, or the name. */
export function textOf(bundle, name) {
  return bundle.texts[name] ?? name;
}

/** A new element with properties and children. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** The fields, numbers and choices apart, in the model's order. */
export function fieldsOf(bundle) {
  const { features } = bundle.preprocessing;
  const groups = [
    ["Numbers", features.filter(({ numeric }) => numeric)], ["Choices", features.filter(({ categorical }) => categorical)],
  ];
  return groups.filter(([, group]) => group.length > 0).map(([title, group]) =>
    element("fieldset", {}, element("legend", { textContent: title }),
      element("div", { className: "fields" }, ...group.map((feature) => field(bundle, feature, features.indexOf(feature))))));
}

function field(bundle, feature, index) {
  const id = `field-${index}`;
  const { control, hint } = feature.numeric ? numberControl(feature.numeric) : choiceControl(bundle, feature);
  control.id = id;
  control.name = feature.name;
  control.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  return element("div", { className: "field" },
    element("label", { htmlFor: id, textContent: textOf(bundle, feature.name) }), control,
    element("p", { id: `${id}-hint`, className: "hint", textContent: hint }),
    element("p", { id: `${id}-error`, className: "error" }));
}

function numberControl({ range, missing }) {
  const control = element("input", { type: "text", inputMode: "decimal", autocomplete: "off", required: missing === "refused" });
  const bounds = range ? `From ${range[0]} to ${range[1]}` : "A number";
  return { control, hint: control.required ? `${bounds}.` : `${bounds}; leave empty if not known.` };
}

function choiceControl(bundle, { categorical: { categories, missing } }) {
  const control = element("select", { required: missing === "refused" },
    element("option", { value: "", textContent: missing === "refused" ? "Choose" : "Not known" }),
    ...categories.map((category) => element("option", { value: `=${category}`, textContent: textOf(bundle, category) })));
  return { control, hint: "" };
}

/** What was entered, by the column's name; null where nothing was. */
export function cellsOf(form) {
  return Object.fromEntries(Array.from(form.querySelectorAll("input[name], select[name]"), (control) => {
    const text = control.tagName === "SELECT" ? control.value.slice(1) : control.value.trim();
    return [control.name, control.value.trim() === "" ? null : text];
  }));
}

/** Marks a field as wrong, or none, and says why beside it. */
export function mark(form, name, message) {
  for (const control of form.querySelectorAll("input[name], select[name]")) {
    const isWrong = control.name === name;
    control.setAttribute("aria-invalid", String(isWrong));
    document.getElementById(`${control.id}-error`).textContent = isWrong ? message : "";
    if (isWrong) control.focus();
  }
}
