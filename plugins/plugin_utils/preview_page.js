// Filters the rows. The page is complete without this: rows open by themselves.
"use strict";
{
  const box = document.getElementById("words");
  const flags = ["differs", "missing", "unused"].map((name) => [name, document.getElementById(name)]);
  const hideProvided = document.getElementById("hide-provided");
  const open = document.getElementById("open");
  const rows = [...document.querySelectorAll(".row")];
  let texts; // of each row, what the filter looks at; gathered when it is first needed

  const textOf = (row) => [...row.querySelectorAll("[data-s]")].map((part) => part.textContent).join("\n").toLowerCase();

  const apply = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) texts ??= rows.map(textOf);
    const wanted = flags.filter(([, input]) => input.checked).map(([name]) => name);
    let shown = 0;
    rows.forEach((row, number) => {
      const fits =
        words.every((word) => texts[number].includes(word)) &&
        wanted.every((name) => row.classList.contains(name)) &&
        !(hideProvided.checked && row.classList.contains("provided"));
      row.hidden = !fits;
      shown += fits;
    });
    document.getElementById("shown").textContent = `${shown} of ${rows.length} shown`;
    document.getElementById("nothing").hidden = shown > 0;
  };

  let waiting;
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, rows.length > 500 ? 150 : 0);
  });
  for (const input of [hideProvided, ...flags.map(([, flag]) => flag)]) input.addEventListener("change", apply);
  document.querySelector(".bar").addEventListener("submit", (event) => event.preventDefault());

  open.addEventListener("click", () => {
    const opening = open.textContent === "Open all";
    for (const row of rows) if (!row.hidden) row.open = opening;
    open.textContent = opening ? "Close all" : "Open all";
  });

  // "/" goes to the filter, Escape empties it.
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== box) {
      event.preventDefault();
      box.focus();
    }
    if (event.key === "Escape" && document.activeElement === box) {
      box.value = "";
      apply();
    }
  });

  // A click that ends the selection of a text does not open the row.
  document.querySelector("main").addEventListener("click", (event) => {
    const byMouse = event.detail > 0;
    if (byMouse && event.target.closest("summary") && !getSelection().isCollapsed) event.preventDefault();
  });

  apply();
}
