"use strict";
(() => {
  const options = {
    mode: "vega-lite",
    renderer: "svg",
    ast: true, // expressions are interpreted, so that the page needs no permission to make code
    defaultStyle: false,
    actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
    i18n: { SVG_ACTION: "SVG", PNG_ACTION: "PNG" },
  };
  const boxes = document.querySelectorAll(".chart");
  const waiting = new Set(boxes);
  const views = new Map();
  const states = document.getElementById("us-states"); // outlines that all maps of the page share
  function spec(box) {
    const own = JSON.parse(box.nextElementSibling.textContent);
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
      const drawn = await vegaEmbed(box, spec(box), { ...options, downloadFileName: box.id });
      views.set(box, drawn.view);
      for (const link of box.querySelectorAll(".vega-actions a")) {
        link.setAttribute("aria-label", `Save this figure as ${link.textContent}`);
      }
    } catch (error) {
      failed(box, error);
    }
  }

  // What is in sight is drawn first; the rest follows by itself, so that nothing is missing when the page is saved.
  const sight = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
    { rootMargin: "400px" },
  );
  waiting.forEach((box) => sight.observe(box));
  for (const part of document.querySelectorAll("details")) {
    // What was folded may have been drawn without a width.
    part.addEventListener("toggle", () => part.open && window.dispatchEvent(new Event("resize")));
  }
  (async () => {
    for (const box of [...waiting]) {
      await draw(box);
      await new Promise((resolve) => setTimeout(resolve));
    }
    document.documentElement.dataset.drawn = "all";
  })();

  // Printing does not wait: what is still missing is drawn at once, everything takes the width that it has on A4, and
  // what is folded is unfolded.
  const paper = (box) => (box.closest(".card .figures") ? 310 : box.closest(".three") ? 325 : box.closest(".card") ? 650 : 675);
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((part) => part.setAttribute("open", ""));
    for (const box of boxes) {
      try {
        if (waiting.delete(box)) {
          const runtime = vega.parse(vegaLite.compile(spec(box)).spec, {}, { ast: true });
          views.set(box, new vega.View(runtime, { renderer: "svg", container: box, expr: vega.expressionInterpreter }));
        }
        views.get(box)?.width(paper(box)).run();
      } catch (error) {
        failed(box, error);
      }
    }
  });
  window.addEventListener("afterprint", () => window.dispatchEvent(new Event("resize")));
})();
