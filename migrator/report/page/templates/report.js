(() => {
  "use strict";

  const $ = (id) => document.getElementById(id);
  const PRINTED = 2000; // rows at most on paper
  const LONG = 40; // letters in one piece
  const PATIENCE = 150; // ms without a key before a search starts

  // --- theme ---------------------------------------------------------------------------------

  const root = document.documentElement;
  const theme = $("theme");
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const showTheme = () => { theme.textContent = `Use the ${isDark() ? "light" : "dark"} theme`; };
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
  showTheme();

  // --- people --------------------------------------------------------------------------------

  const table = $("table");
  if (!table) return;
  const rows = JSON.parse($("rows").textContent);
  const words = JSON.parse($("words").textContent);
  const body = table.tBodies[0];
  const keys = [...table.tHead.rows[0].cells].map((head) => head.dataset.key);
  // A column that is blank for everybody tells nothing; the file keeps it.
  const used = keys.map((_, column) => column).filter((column) => rows.some((row) => row[column]));
  for (const [column, head] of [...table.tHead.rows[0].cells].entries()) if (!used.includes(column)) head.remove();
  const heads = [...table.tHead.rows[0].cells];
  const STATE = keys.indexOf("state");
  const REASON = keys.indexOf("reason");
  const EMAIL = keys.indexOf("email");
  const many = (number) => number.toLocaleString("en");

  const view = { shown: rows.map((_, index) => index), order: null, page: 0, column: 0, down: false };
  let texts = null; // what is searched, made at the first search

  const found = () => {
    const terms = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = $("state").value;
    const reason = $("reason").value;
    if (terms.length && !texts) texts = rows.map((row) => row.join("\n").toLowerCase());
    return view.order.filter((index) => {
      const row = rows[index];
      return (!state || row[STATE] === state) && (!reason || row[REASON] === reason)
        && terms.every((term) => texts[index].includes(term));
    });
  };

  const sorted = () => {
    const cells = rows.map((row) => row[view.column].toLowerCase());
    const byId = view.column === 0; // ids are numbers too long for JavaScript: shorter is smaller
    const sign = view.down ? -1 : 1;
    const order = rows.map((_, index) => index);
    order.sort((one, other) => {
      const a = cells[one];
      const b = cells[other];
      if (a === b) return one - other;
      if (!a || !b) return a ? -1 : 1; // blanks stay below
      if (byId && a.length !== b.length) return sign * (a.length - b.length);
      return a < b ? -sign : sign;
    });
    return order;
  };

  const cell = (row, column) => {
    const td = document.createElement("td");
    const key = keys[column];
    const text = row[column];
    if (key === "reason" && $("reason-" + text)) {
      const link = document.createElement("a");
      link.href = "#reason-" + encodeURIComponent(text);
      link.textContent = text;
      td.append(link);
    } else if (key === "state") {
      const swatch = document.createElement("span");
      swatch.className = "swatch s-" + text;
      swatch.setAttribute("aria-hidden", "true");
      td.append(swatch, text);
    } else {
      // An address breaks after its @, and anywhere only when it is very long.
      const parts = text.split(/(?<=@)/);
      if (parts.some((part) => part.length > LONG && !part.includes(" "))) td.classList.add("long");
      parts.forEach((part, index) => td.append(...(index ? [document.createElement("wbr"), part] : [part])));
    }
    if (key === "username" && text && text.toLowerCase() === row[EMAIL].toLowerCase()) td.classList.add("same");
    td.classList.add("c-" + key);
    return td;
  };

  const draw = (from, to) => {
    const part = document.createDocumentFragment();
    for (const index of view.shown.slice(from, to)) {
      const tr = document.createElement("tr");
      tr.append(...used.map((column) => cell(rows[index], column)));
      part.append(tr);
    }
    body.replaceChildren(part);
  };

  const show = () => {
    const size = Number($("size").value);
    const total = view.shown.length;
    const last = Math.max(0, Math.ceil(total / size) - 1);
    view.page = Math.min(view.page, last);
    const from = view.page * size;
    draw(from, from + size);
    $("nobody").hidden = total > 0;
    const range = total ? `${many(from + 1)}–${many(Math.min(from + size, total))} of ${many(total)}` : "Nobody";
    const filtered = total < rows.length ? `, filtered from ${many(rows.length)}` : "";
    $("status").textContent = range + filtered;
    $("first").disabled = $("previous").disabled = view.page === 0;
    $("next").disabled = $("last").disabled = view.page === last;
  };

  const advise = () => {
    const known = words[$("reason").value];
    $("advice").hidden = !known;
    $("advice").textContent = known ? known.join(" ") : "";
  };

  const filter = () => {
    view.shown = found();
    view.page = 0;
    advise();
    show();
  };

  const sort = (column) => {
    view.down = column === view.column && view.order !== null && !view.down;
    view.column = column;
    view.order = sorted();
    heads.forEach((head, place) => {
      head.setAttribute("aria-sort", used[place] !== column ? "none" : view.down ? "descending" : "ascending");
    });
    filter();
  };

  const choices = (id, column) => {
    const numbers = new Map();
    for (const row of rows) numbers.set(row[column], (numbers.get(row[column]) || 0) + 1);
    for (const [text, number] of [...numbers].sort((a, b) => b[1] - a[1])) {
      const option = new Option(`${text || "(none)"} (${many(number)})`, text);
      if (text) $(id).append(option);
    }
    $(id).addEventListener("change", filter);
  };

  const turn = (id, page) => $(id).addEventListener("click", () => {
    view.page = page();
    show();
  });

  let waiting = 0;
  $("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, PATIENCE);
  });
  document.querySelector("form.controls").addEventListener("submit", (event) => event.preventDefault());
  heads.forEach((head, place) => head.firstElementChild.addEventListener("click", () => sort(used[place])));
  choices("state", STATE);
  choices("reason", REASON);
  turn("first", () => 0);
  turn("previous", () => view.page - 1);
  turn("next", () => view.page + 1);
  turn("last", () => Infinity);
  $("size").addEventListener("change", filter);
  for (const button of document.querySelectorAll("button[data-reason]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      $("search").value = $("state").value = "";
      $("reason").value = button.dataset.reason;
      filter();
      $("people").scrollIntoView();
      $("reason").focus({ preventScroll: true });
    });
  }
  addEventListener("beforeprint", () => {
    draw(0, PRINTED);
    const more = view.shown.length > PRINTED;
    $("printed").textContent = more ? `The first ${many(PRINTED)} of ${many(view.shown.length)}; all are in problems.csv.` : "";
  });
  addEventListener("afterprint", show);
  document.querySelector("form.controls").hidden = false;
  document.querySelector(".pager").hidden = false;
  sort(0);
})();
