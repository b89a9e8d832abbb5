"use strict";
// How values are said: numbers, dates, labels, and tables of them.

const Words = (() => {
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const number = (value, digits) =>
    value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

  function day(value) {
    const [year, month, date] = value.slice(0, 10).split("-");
    return `${Number(date)} ${MONTHS[month - 1]} ${year}`;
  }

  const time = (value) => `${day(value)}, ${value.slice(11)} UTC`;

  function measure(of, value) {
    if (value === null) return of.missing || "–";
    if (of.format === "date") return time(value);
    if (of.format === "share") return `${number(100 * value, Math.abs(value) < 0.0995 ? 1 : 0)} %`;
    const digits = Number.isInteger(value) ? 0 : Math.abs(value) < 100 ? 1 : 0;
    return number(value, of.format === "count" && Number.isInteger(value) ? 0 : digits);
  }

  // The difference to the week before, in points of a share.
  function change(of, value) {
    const size = Math.abs(value);
    const said = of.format === "share" ? `${number(100 * size, 1)} points` : number(size, 0);
    if (/^[0.]+( points)?$/.test(said)) return "as in the week before";
    return `${value > 0 ? "▲" : "▼"} ${said} ${value > 0 ? "more" : "less"} than the week before`;
  }

  // A column's value: its label, or how its kind is said.
  function column(report, sheet, name, value) {
    const palette = name === sheet.color && report.palettes[sheet.palette];
    const label = palette?.[value]?.caption ?? report.labels[name]?.[String(value)];
    if (label != null) return label;
    if (value === null) return "–";
    const kind = report.sources[sheet.source].columns[name].kind;
    if (kind === "date") return day(value);
    if (kind === "time") return time(value);
    if (kind === "flag") return value ? "yes" : "no";
    if (kind !== "number") return value;
    if (name.endsWith("_share")) return measure({ format: "share" }, value);
    return number(value, Number.isInteger(value) ? 0 : 2);
  }

  const isQuantity = (report, sheet, name) =>
    name in report.measures
      ? report.measures[name].format !== "date"
      : report.sources[sheet.source].columns[name].kind === "number";

  function cell(report, sheet, name, row, link) {
    const value = row[name];
    const at = document.createElement("td");
    // On a phone each row is a block of lines: the roles keep it a table for who listens to it.
    at.setAttribute("role", "cell");
    at.dataset.label = report.captions[name];
    if (isQuantity(report, sheet, name)) at.className = "quantity";
    if (value === null) at.classList.add("none");
    const said =
      name in report.measures
        ? measure(report.measures[name], value)
        : column(report, sheet, name, value);
    const color = name === sheet.color && report.palettes[sheet.palette]?.[value]?.color;
    const address = value !== null && link(name, row);
    if (color || address) {
      const inner = document.createElement(address ? "a" : "span");
      inner.textContent = said;
      if (address) inner.href = address;
      else {
        inner.className = "chip";
        inner.style.setProperty("--of", color);
      }
      at.append(inner);
    } else at.textContent = said;
    return at;
  }

  // A table of a sheet's rows; `link` gives the address that a cell leads to, if any.
  function table(report, sheet, rows, link) {
    const names = sheet.shown;
    const made = document.createElement("table");
    made.setAttribute("role", "table");
    const head = made.createTHead().insertRow();
    head.setAttribute("role", "row");
    for (const name of names) {
      const title = document.createElement("th");
      title.scope = "col";
      title.setAttribute("role", "columnheader");
      title.textContent = report.captions[name];
      if (isQuantity(report, sheet, name)) title.className = "quantity";
      head.append(title);
    }
    const body = made.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      line.setAttribute("role", "row");
      line.append(...names.map((name) => cell(report, sheet, name, row, link)));
    }
    return made;
  }

  return { day, measure, change, table };
})();
