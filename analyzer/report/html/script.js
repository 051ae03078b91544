"use strict";
// The page reads without this: it adds sorting, filtering and copying.
(() => {
  const words = document.getElementById("words").dataset;
  const order = new Intl.Collator(document.documentElement.lang, { numeric: true });

  const make = (tag, properties, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent : Number(cell.dataset.sort);
  };

  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : order.compare(a, b));

  const sortBy = (table, header, column) => {
    const up = header.getAttribute("aria-sort") === "descending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, column), row]);
    rows.sort((a, b) => (up ? compare(a[0], b[0]) : compare(b[0], a[0])));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  };

  const addSorting = (table) => {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = make("button", { type: "button", title: `${words.sort} ${header.textContent}` });
      button.append(...header.childNodes);
      button.addEventListener("click", () => sortBy(table, header, column));
      header.append(button);
    });
  };

  const addFilter = (table) => {
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 6) return;
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const said = make("output", {});
    const field = make("input", { type: "search", autocomplete: "off", spellcheck: false });
    const show = () => {
      const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, index) => {
        row.hidden = !wanted.every((word) => texts[index].includes(word));
        shown += row.hidden ? 0 : 1;
      });
      said.textContent = `${shown} / ${rows.length} ${words.rows}`;
    };
    field.addEventListener("input", show);
    show();
    const label = make("label", {}, `${words.filter} `, field);
    table.parentElement.before(make("p", { className: "filter" }, label, " ", said));
  };

  const selectOnly = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };

  const addCopying = (code) => {
    const button = make("button", { type: "button", className: "copying", textContent: words.copy });
    const text = code.textContent;
    button.addEventListener("click", async () => {
      selectOnly(code);
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        if (!document.execCommand("copy")) return; // it stays selected, ready to be copied
      }
      button.textContent = words.copied;
    });
    code.after(" ", button);
  };

  // For browsers whose style can't open what is closed (::details-content).
  const closed = () => [...document.querySelectorAll("details:not([open]):not(.more)")];
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = closed();
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
    opened = [];
  });

  document.querySelectorAll("table.list").forEach((table) => {
    addSorting(table);
    addFilter(table);
  });
  document.querySelectorAll("code.copy").forEach(addCopying);
})();
