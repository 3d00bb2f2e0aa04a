"use strict";
(() => {
  const root = document.documentElement;
  const options = {
    mode: "vega-lite",
    renderer: "svg",
    ast: true, // expressions are interpreted, so that the page needs no permission to make code
    defaultStyle: false,
    actions: false,
  };
  const boxes = [...document.querySelectorAll(".chart")];
  const waiting = new Set();
  const views = new Map();
  const pause = () => new Promise((resolve) => setTimeout(resolve));
  const read = (box) => JSON.parse(box.nextElementSibling.textContent);
  const lines = (text) => text?.replace(/\s+/g, " ").trim() ?? "";

  // Theme: the system's, until the reader chooses another. A page without storage does not remember it.
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const kept = (use) => {
    try {
      return use(window.localStorage);
    } catch {
      return null;
    }
  };
  const isDark = () => root.dataset.theme === "dark";
  const onDark = JSON.parse(root.dataset.dark); // colours of figures on a dark page, by those on a light one

  function recoloured(value) {
    if (typeof value === "string") return onDark[value] ?? value;
    if (Array.isArray(value)) return value.map(recoloured);
    if (value === null || typeof value !== "object") return value;
    const isData = (key) => key === "values" || key === "datasets" || key === "data";
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, isData(key) ? item : recoloured(item)]));
  }

  const states = document.getElementById("us-states"); // outlines that all maps of the page share
  function spec(box, dark) {
    const own = dark ? recoloured(read(box)) : read(box);
    if (states && own.data?.name === "us_states") own.datasets = { ...own.datasets, us_states: JSON.parse(states.textContent) };
    return own;
  }

  function failed(box, error) {
    box.textContent = "This figure could not be drawn.";
    console.error(box.id, error);
  }

  async function draw(box) {
    if (!waiting.delete(box)) return;
    try {
      const dark = isDark();
      const drawn = await window.vegaEmbed(box, spec(box, dark), options);
      views.set(box, { view: drawn.view, dark });
    } catch (error) {
      failed(box, error);
    }
  }

  // What is in sight is drawn first; the rest follows by itself, so that nothing is missing when the page is saved.
  let round = 0;
  async function drawAll() {
    const own = ++round;
    delete root.dataset.drawn;
    boxes.forEach((box) => waiting.add(box));
    sight.disconnect();
    boxes.forEach((box) => sight.observe(box));
    for (const box of boxes) {
      await draw(box);
      await pause();
      if (own !== round) return;
    }
    root.dataset.drawn = "all";
  }
  const sight = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
    { rootMargin: "400px" },
  );

  const switcher = document.querySelector(".theme");
  function take(theme) {
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    switcher.textContent = theme === "dark" ? "Light page" : "Dark page";
    drawAll();
  }
  const preferred = () => kept((storage) => storage.getItem("coterie-theme")) ?? (system.matches ? "dark" : "light");
  switcher.hidden = false;
  switcher.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    kept((storage) => storage.setItem("coterie-theme", theme));
    take(theme);
  });
  system.addEventListener("change", () => take(preferred()));
  take(preferred());

  for (const part of document.querySelectorAll("details")) {
    // What was folded may have been drawn without a width.
    part.addEventListener("toggle", () => part.open && window.dispatchEvent(new Event("resize")));
  }

  // Saving: the page makes the file itself.
  function save(name, address) {
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
  }

  function saveText(name, type, text) {
    const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
    save(name, address);
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  function button(label, what, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.setAttribute("aria-label", `${label}: save ${what}`);
    made.addEventListener("click", act);
    return made;
  }

  function buttons(...made) {
    const line = document.createElement("p");
    line.className = "saves";
    line.append(...made);
    return line;
  }

  // A saved figure stands alone: on white, with its title and how to read it.
  async function picture(box, make, width = 640) {
    const [title, note] = headings(box);
    const body = read(box);
    const wrapped = (text, letters) => text.match(new RegExp(`.{1,${letters}}(?:\\s|$)|\\S+`, "g")) ?? [];
    const said = { text: wrapped(title, 76).map(lines), subtitle: wrapped(note, 100).map(lines) };
    const look = { anchor: "start", frame: "group", fontSize: 15, subtitleFontSize: 12, subtitlePadding: 6, offset: 14 };
    const fit = { width, autosize: { type: "fit-x", contains: "padding" } };
    const sized = body.width === "container" ? { ...body, ...fit } : body;
    const whole = { ...sized, title: { ...said, ...look }, config: { ...body.config, background: "white" } };
    const drawn = await window.vegaEmbed(document.createElement("div"), whole, options);
    const made = await make(drawn.view);
    drawn.finalize();
    return made;
  }

  function headings(box) {
    const caption = box.closest("figure").querySelector("figcaption");
    const above = caption?.firstElementChild ?? box.closest("section").querySelector("h2");
    return [lines(above.textContent), lines(caption?.querySelector("p")?.textContent)];
  }

  for (const box of boxes) {
    const what = `the figure ${headings(box)[0]}`;
    const name = box.dataset.name;
    const svg = async () => saveText(`${name}.svg`, "image/svg+xml", await picture(box, (view) => view.toSVG()));
    const png = async () => save(`${name}.png`, await picture(box, (view) => view.toImageURL("png", 2)));
    box.closest("figure").append(buttons(button("SVG", what, svg), button("PNG", what, png)));
  }

  // Tables as CSV, by the same rules as coterie/report/tables.py.
  function text(node) {
    if (node.nodeType === Node.TEXT_NODE) return lines(node.data);
    if (node.getAttribute("aria-hidden") === "true") return "";
    const parts = [...node.childNodes].filter((one) => one.nodeType <= Node.TEXT_NODE).map(text).filter(Boolean);
    return parts.join(node.tagName === "UL" || node.tagName === "OL" ? "; " : " ");
  }

  function cell(element) {
    const said = element.dataset.value ?? text(element);
    if (said === "–") return "";
    const number = /^([+\u2212-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?: ×)?$/.exec(said);
    const plain = number ? number[1].replace("\u2212", "-") + number[2].replaceAll(",", "") + (number[3] ?? "") : said;
    const told = plain.replace(/;(["\s\u00a0]*'*)([=+\-@\uff1d\uff0b\uff0d\uff20])/g, ";$1'$2");
    const risky = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(told);
    const safe = risky && !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(told) ? `'${told}` : told;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  function csv(table) {
    const wide = (element) => [cell(element), ...Array(element.colSpan - 1).fill("")];
    return [...table.rows].map((row) => `${[...row.cells].flatMap(wide).join(",")}\n`).join("");
  }

  const names = new Map();
  function named(table) {
    const label = table.closest(".scroll")?.getAttribute("aria-label").replace(/, in a table$/, "");
    const said = `${table.parentElement.closest("[id]")?.id ?? ""} ${label ?? text(table.caption)}`;
    const name = said.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60).replace(/^-|-$/g, "") || "table";
    names.set(name, (names.get(name) ?? 0) + 1);
    return names.get(name) === 1 ? name : `${name}-${names.get(name)}`;
  }

  for (const table of document.querySelectorAll("table")) {
    const name = named(table);
    const act = () => saveText(`${name}.csv`, "text/csv", `\ufeff${csv(table)}`);
    (table.closest(".scroll") ?? table).after(buttons(button("CSV", `the table ${name}`, act)));
  }

  // Printing does not wait: everything takes the width that it has on A4 and the colours that it has on white, and what
  // is folded is unfolded.
  const paper = (box) => (box.closest(".card .figures") ? 310 : box.closest(".three") ? 325 : box.closest(".card") ? 650 : 675);
  const onPaper = Object.fromEntries(Object.entries(onDark).map(([light, dark]) => [dark, light]));
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((part) => part.setAttribute("open", ""));
    for (const [box, { view, dark }] of views) {
      view.width(paper(box)).run();
      if (!dark) continue;
      for (const one of box.querySelectorAll("[fill], [stroke]")) {
        for (const name of ["fill", "stroke"]) {
          const colour = onPaper[one.getAttribute(name)];
          if (colour) one.setAttribute(name, colour);
        }
      }
    }
  });
  window.addEventListener("afterprint", () => (isDark() ? drawAll() : window.dispatchEvent(new Event("resize"))));
})();
