"use strict";
// The page: tabs, filters, and the drawing of each sheet.

(async () => {
  const byId = (name) => document.getElementById(name);
  const make = (tag, values = {}, ...inside) => {
    const made = Object.assign(document.createElement(tag), values);
    made.append(...inside);
    return made;
  };
  const fail = (said) => Object.assign(byId("trouble"), { textContent: said, hidden: false });

  if (!("DecompressionStream" in window)) {
    fail("This browser is too old for this report: open it with one of 2023 or later.");
    return;
  }
  const report = await Engine.open(byId("rows").textContent);
  const pages = Object.fromEntries(report.pages.map((page) => [page.name, page]));
  const ALL = "";
  const LOOK = { mode: "vega", renderer: "svg", actions: false, hover: false, defaultStyle: false, tooltip: tip };

  // What the reader chose; one state for all pages, kept in the address.
  const state = { page: report.pages[0].name, from: null, to: null };
  for (const name of Object.keys(report.filters)) if (!report.filters[name].range) state[keyOf(name)] = null;
  const stale = new Set();

  // What holds on a page, by filter: its own choices where it has one, else what it begins with.
  function choices(page) {
    const found = {};
    for (const name of page.filters) {
      const filter = report.filters[name];
      const key = keyOf(name);
      if (filter.range) found[name] = { from: state.from, to: state.to };
      else if (filter.within) {
        const within = found[filter.within];
        const known = Engine.values(report, filter.column, [[report.filters[filter.within].column, within]]);
        const first = report.first_within[name]?.[within] ?? known[0];
        found[name] = known.includes(state[key]) ? state[key] : (first ?? null);
      } else found[name] = state[key] ?? (filter.one ? (report.first[name] ?? null) : null);
    }
    return found;
  }

  // Filters of the same column are one choice.
  function keyOf(name) {
    const same = Object.keys(report.filters).find(
      (other) => report.filters[other].column === report.filters[name].column,
    );
    return same === "weeks" ? "from" : same;
  }

  function options(page, name) {
    const filter = report.filters[name];
    const course = page.filters.find((other) => keyOf(other) === "course");
    const within =
      keyOf(name) === "course" || !course
        ? []
        : [[report.filters[course].column, choices(page)[course]]];
    const found = [...Engine.values(report, filter.column, within)];
    const first = found.indexOf(filter.value);
    if (first > 0) found.unshift(...found.splice(first, 1));
    return found;
  }

  // Filters.

  function fill(select, values, chosen, all) {
    const texts = all ? [[ALL, all], ...values] : values;
    const held = texts.map((one) => (Array.isArray(one) ? one : [one, one]));
    const now = JSON.stringify(held);
    if (select.dataset.held !== now) {
      select.replaceChildren(...held.map(([value, textContent]) => make("option", { value, textContent })));
      select.dataset.held = now;
    }
    select.value = chosen ?? ALL;
  }

  function control(form, key, caption, tag, onchange) {
    const id = `${form.dataset.page}-${key}`;
    const found = byId(id);
    if (found) return found;
    const made = make(tag, { id, onchange });
    form.append(make("label", {}, caption, made));
    return made;
  }

  function choose(values) {
    Object.assign(state, values);
    if ("course" in values) {
      const page = pages[state.page];
      const group = page.filters.find((name) => keyOf(name) === "group");
      if (group && state.group && !options(page, group).includes(state.group)) state.group = null;
    }
    outdate();
    remember();
    show();
  }

  function weeks(form, page, name) {
    const known = options(page, name).map((week) => [week, Words.day(week)]);
    for (const [key, caption, all] of [
      ["from", "Weeks from", "the first"],
      ["to", "to", "the last"],
    ]) {
      const select = control(form, key, caption, "select", () => choose({ [key]: select.value || null }));
      fill(select, known, known.some(([week]) => week === state[key]) ? state[key] : null, all);
    }
  }

  function learner(form, page, name) {
    const filter = report.filters[name];
    const known = options(page, name);
    const chosen = choices(page)[name];
    const list = `${form.dataset.page}-known`;
    const input = control(form, name, filter.caption, "input", () => {
      const typed = input.value.trim().toLowerCase();
      const like = known.filter((one) => one.toLowerCase().includes(typed));
      const found = known.find((one) => one.toLowerCase() === typed) ?? (like.length === 1 ? like[0] : null);
      input.setCustomValidity(found ? "" : `${like.length} learners of this course are called so`);
      if (found) choose({ [name]: found });
      else input.reportValidity();
    });
    if (!byId(list)) {
      input.setAttribute("list", list);
      input.autocomplete = "off";
      input.onfocus = () => input.select();
      const step = (by, textContent) => make("button", { type: "button", textContent, onclick: () => move(by) });
      form.append(make("datalist", { id: list }), make("div", { className: "steps" }, step(-1, "‹ Previous"), step(1, "Next ›")));
    }
    const move = (by) => {
      const page = pages[state.page];
      const all = options(page, name);
      const at = all.indexOf(choices(page)[name]);
      if (all.length) choose({ [name]: all[(at + by + all.length) % all.length] });
    };
    fill(byId(list), known, null);
    input.setCustomValidity("");
    input.value = chosen ?? "";
  }

  function filters(page) {
    const form = byId(`page-${page.name}`).querySelector(".filters");
    if (!form) return;
    form.dataset.page = page.name;
    form.onsubmit = (event) => event.preventDefault();
    for (const name of page.filters) {
      const filter = report.filters[name];
      if (filter.range) weeks(form, page, name);
      else if (filter.within) learner(form, page, name);
      else {
        const key = keyOf(name);
        const select = control(form, key, filter.caption, "select", () => choose({ [key]: select.value || null }));
        fill(select, options(page, name), choices(page)[name], filter.one ? null : `All ${filter.caption.toLowerCase()}s`);
      }
    }
    byId(`page-${page.name}`).querySelector(".chosen").textContent = said(page);
  }

  function said(page) {
    const found = choices(page);
    return page.filters
      .map((name) => {
        const filter = report.filters[name];
        const { caption } = filter;
        if (!filter.range) return `${caption}: ${found[name] ?? `all ${caption.toLowerCase()}s`}`;
        const [from, to] = [state.from, state.to].map((week) => week && Words.day(week));
        return `${caption}: ${from || to ? `${from ?? "the first"} to ${to ?? "the last"}` : "all"}`;
      })
      .join(" · ");
  }

  // Sheets.

  // A learner's name leads to the page of one learner.
  function link(name, row) {
    const page = report.pages.find((one) =>
      one.filters.some((of) => report.filters[of].within && report.filters[of].column === name),
    );
    if (!page || page.name === state.page) return null;
    const values = { page: page.name, learner: row[name] };
    const course = row[report.filters.course?.column] ?? state.course;
    return address(course ? { ...values, course } : values);
  }

  const places = (sheet, rows) =>
    rows.filter((row) => row[sheet.x] !== null && (row[sheet.y] !== null || report.measures[sheet.y].missing));

  function note(box, sheet, rows) {
    const at = box.querySelector(".note");
    const notes = [];
    const lost = sheet.mark === "scatter" ? rows.length - places(sheet, rows).length : 0;
    if (lost) notes.push(`${lost} of ${rows.length} have no place here; the table has them.`);
    if (sheet.limit && rows.length === sheet.limit) notes.push(`The first ${sheet.limit} are shown.`);
    at.textContent = notes.join(" ");
    at.hidden = !notes.length;
  }

  function drawNumber(box, sheet, rows) {
    const [row] = rows;
    const value = row[sheet.value];
    const of = report.measures[sheet.value];
    const at = box.querySelector(".value");
    at.textContent = value === null ? of.missing || "no figure" : Words.measure(of, value);
    at.classList.toggle("missing", value === null);
    const change = sheet.change ? row[sheet.change] : null;
    const below = box.querySelector(".change");
    below.textContent = change === null ? "" : Words.change(report.measures[sheet.change], change);
    const moved = /^[▲▼]/.test(below.textContent);
    if (moved && sheet.good !== "neither") {
      const isBetter = change > 0 === (sheet.good === "up");
      const word = make("span", { className: isBetter ? "better" : "worse", textContent: isBetter ? "better" : "worse" });
      below.append(": ", word);
    }
  }

  const MANY = 300;

  function drawTable(at, sheet, rows, most = MANY) {
    const table = Words.table(report, sheet, rows.slice(0, most), link);
    table.setAttribute("aria-labelledby", `title-${sheet.name}`);
    at.replaceChildren(table);
    if (rows.length > most) {
      const textContent = `The first ${most} of ${rows.length} rows. Show all`;
      at.append(make("button", { type: "button", className: "more", textContent, onclick: () => drawTable(at, sheet, rows, rows.length) }));
    }
    at.tabIndex = 0;
    at.setAttribute("role", "group");
    at.setAttribute("aria-labelledby", `title-${sheet.name}`);
  }

  // The chart that Vega-Lite made of the sheet, with these rows and this width.
  function drawChart(at, sheet, rows, width) {
    const parts = sheet.facet ? new Set(rows.map((row) => row[sheet.facet])).size : 1;
    const most = Math.min(parts, sheet.facets?.length ?? 1);
    const columns = Math.max(1, Math.min(most, Math.floor(width / 155)));
    const spec = structuredClone(parts > 1 ? sheet.facets[columns - 1] : sheet.chart);
    spec.data.find((one) => one.name === "rows").values = rows;
    const signals = { room: width < 420 ? 0.45 * width : Math.min(260, width / 3) };
    if (parts > 1) signals.child_width = Math.floor((width - 60) / columns) - 14;
    else spec.width = width;
    for (const signal of spec.signals) if (signal.name in signals) signal.value = signals[signal.name];
    const holder = make("div");
    at.replaceChildren(holder);
    vegaEmbed(holder, spec, LOOK).catch((error) => fail(`A chart could not be drawn: ${error}`));
    at.setAttribute("role", "img");
    at.setAttribute("aria-label", `Chart of ${rows.length} rows: ${byId(`title-${sheet.name}`).textContent}. The same as a table follows.`);
  }

  function isAnything(sheet, rows) {
    if (sheet.mark === "scatter") return places(sheet, rows).length > 0;
    return rows.length > 0 && (!sheet.measures.length || rows.some((row) => sheet.measures.some((name) => row[name] !== null)));
  }

  function draw(page, sheet, chosen, width) {
    const box = byId(sheet.name);
    const rows = Engine.query(report, sheet, chosen);
    if (sheet.mark === "number") return drawNumber(box, sheet, rows);
    const at = box.querySelector(".drawing");
    const isEmpty = !isAnything(sheet, rows);
    at.className = sheet.mark === "table" && !isEmpty ? "drawing table" : "drawing";
    for (const name of ["role", "aria-label", "aria-labelledby", "tabindex"]) at.removeAttribute(name);
    if (isEmpty) at.replaceChildren(make("p", { className: "empty", textContent: `Nothing to show${page.filters.length ? ` for ${said(page)}` : ""}.` }));
    else if (sheet.mark === "table") drawTable(at, sheet, rows);
    else drawChart(at, sheet, rows, width(box));
    note(box, sheet, rows);
    const legend = box.querySelector(".legend");
    if (legend) legend.hidden = isEmpty;
    const other = box.querySelector(".as-table");
    if (!other) return null;
    other.hidden = isEmpty;
    const refill = () => other.open && drawTable(other.querySelector(".table"), sheet, rows);
    other.ontoggle = refill;
    return refill();
  }

  function redraw(page, width = (box) => Math.max(240, box.querySelector(".drawing").clientWidth)) {
    stale.delete(page.name);
    filters(page);
    const chosen = choices(page);
    for (const name of page.sheets) draw(page, report.sheets[name], chosen, width);
    const isSmall = page.sheets.some((name) => Engine.suppressed(report, report.sheets[name], chosen));
    byId(`page-${page.name}`).querySelector(".small-groups").hidden = !isSmall;
    for (const box of byId(`page-${page.name}`).querySelectorAll(".numbers")) {
      const known = box.querySelectorAll(".value:not(.missing)").length;
      box.querySelector(".note").hidden = known > 0;
    }
  }

  function tip(_, event, __, value) {
    const box = byId("tip");
    const isOver = value != null && value !== "" && event.type !== "pointerout";
    box.hidden = !isOver;
    if (!isOver) return;
    const lines = Object.entries(value).map(([name, held]) => make("div", {}, `${name}: `, make("b", { textContent: held })));
    box.replaceChildren(...lines);
    box.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - box.offsetWidth - 8))}px`;
    box.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - box.offsetHeight - 8))}px`;
  }

  // Pages.

  function show() {
    for (const page of report.pages) {
      const isShown = page.name === state.page;
      const tab = byId(`tab-${page.name}`);
      tab.setAttribute("aria-selected", isShown);
      tab.tabIndex = isShown ? 0 : -1;
      byId(`page-${page.name}`).hidden = !isShown;
    }
    if (stale.has(state.page)) redraw(pages[state.page]);
  }

  function address(values) {
    const kept = Object.entries(values).filter(([, value]) => value != null && value !== "");
    return `#${new URLSearchParams(kept)}`;
  }

  const remember = () => history.replaceState(null, "", address(state));

  function recall() {
    const read = new URLSearchParams(location.hash.slice(1));
    for (const key of Object.keys(state)) state[key] = read.get(key);
    if (!pages[state.page]) state.page = report.pages[0].name;
    outdate();
    show();
  }

  function go(name) {
    state.page = name;
    location.hash = address(state);
    show();
  }

  const tabs = report.pages.map((page) => byId(`tab-${page.name}`));
  tabs.forEach((tab, place) => {
    tab.onclick = () => go(report.pages[place].name);
    tab.onkeydown = (event) => {
      const by = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      const next = (by + tabs.length) % tabs.length;
      go(report.pages[next].name);
      tabs[next].focus();
    };
  });

  const PAPER = 680;
  const outdate = () => Object.keys(pages).forEach((name) => stale.add(name));

  // Paper has all pages, as wide as it is.
  addEventListener("beforeprint", () => report.pages.forEach((page) => redraw(page, () => PAPER)));
  addEventListener("afterprint", () => {
    outdate();
    show();
  });

  let waiting;
  let width = innerWidth;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (innerWidth === width) return;
      width = innerWidth;
      outdate();
      show();
    }, 150);
  });
  addEventListener("hashchange", () => {
    if (location.hash !== address(state)) recall();
  });

  // For tests and the curious: a sheet's rows under other choices, by the names of filters.
  window.report = {
    rows: (sheet, chosen) => Engine.query(report, report.sheets[sheet], chosen),
    choices: () => choices(pages[state.page]),
  };
  recall();
  document.documentElement.dataset.ready = "yes";
})();
