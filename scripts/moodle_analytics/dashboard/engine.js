"use strict";
// The rows of the report, and a sheet's query over them: the same answers as the sheet's SQL.

const Engine = (() => {
  const CODES = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };

  // The rows as they stand in the page: base64 of gzip of a length, JSON, and columns of codes.
  async function open(text) {
    const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const buffer = await new Response(stream).arrayBuffer();
    const length = new DataView(buffer).getUint32(0, true);
    const report = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    const start = 4 + length + ((4 - (length % 4)) % 4);
    for (const source of Object.values(report.sources)) {
      for (const column of Object.values(source.columns)) {
        column.codes = new CODES[column.width](buffer, start + column.at, source.count);
      }
    }
    return report;
  }

  // Which of a column's values fulfil a condition; NULL never does.
  function allowed(column, condition) {
    const test =
      condition === null || typeof condition !== "object"
        ? (value) => value === condition
        : Array.isArray(condition)
          ? (value) => condition.includes(value)
          : (value) =>
              (condition.from == null || value >= condition.from) &&
              (condition.to == null || value <= condition.to);
    return Uint8Array.from(column.values, (value) => (value !== null && test(value) ? 1 : 0));
  }

  // The rows that fulfil all conditions, one column after the other.
  function passing(source, conditions) {
    let rows = null;
    for (const [name, condition] of conditions) {
      const { codes } = source.columns[name];
      const passes = allowed(source.columns[name], condition);
      const kept = [];
      if (rows === null) {
        for (let row = 0; row < source.count; row++) if (passes[codes[row]]) kept.push(row);
      } else for (const row of rows) if (passes[codes[row]]) kept.push(row);
      rows = kept;
    }
    return rows ?? Array.from({ length: source.count }, (_, row) => row);
  }

  // An aggregate of a column over rows; NULL is left out, and of nothing only a count is known.
  function aggregate(kind, column, rows) {
    let result = kind === "count" ? 0 : null;
    let count = 0;
    for (const row of rows) {
      const value = column.values[column.codes[row]];
      if (value === null) continue;
      count += 1;
      if (kind === "min") result = result === null || value < result ? value : result;
      else if (kind === "max") result = result === null || value > result ? value : result;
      else result = (result ?? 0) + (kind === "count" ? 1 : value);
    }
    return kind === "avg" && count ? result / count : result;
  }

  function ofRows(source, measure, rows, when) {
    const conditions = Object.entries(when);
    const kept = conditions.length
      ? rows.filter((row) =>
          conditions.every(([name, value]) => {
            const column = source.columns[name];
            return column.values[column.codes[row]] === value;
          }),
        )
      : rows;
    const top = aggregate(measure.aggregate, source.columns[measure.column], kept);
    if (!measure.over) return top;
    const bottom = aggregate("sum", source.columns[measure.over], kept);
    return top === null || !bottom ? null : top / bottom;
  }

  function measured(source, measure, rows) {
    const now = ofRows(source, measure, rows, measure.when);
    if (!Object.keys(measure.less).length) return now;
    const before = ofRows(source, measure, rows, measure.less);
    return now === null || before === null ? null : now - before;
  }

  // NULL is last both ways, as in the database.
  function compare(left, right, isDown) {
    if (left === right) return 0;
    if (left === null) return 1;
    if (right === null) return -1;
    return (left < right) === isDown ? 1 : -1;
  }

  function groups(source, names, rows) {
    if (!names.length) return [rows];
    const columns = names.map((name) => source.columns[name].codes);
    const found = new Map();
    for (const row of rows) {
      const key = columns.map((codes) => codes[row]).join();
      const group = found.get(key);
      if (group) group.push(row);
      else found.set(key, [row]);
    }
    return [...found.values()];
  }

  function conditions(report, sheet, choices) {
    const chosen = sheet.filters
      .filter((name) => choices[name] != null)
      .map((name) => [report.filters[name].column, choices[name]]);
    return [...Object.entries(sheet.where), ...chosen];
  }

  // A sheet's rows by column and measure, in its order; without one, in that of its columns.
  function query(report, sheet, choices) {
    const source = report.sources[sheet.source];
    const rows = passing(source, conditions(report, sheet, choices));
    const grouped = sheet.measures.length
      ? groups(source, sheet.dimensions, rows)
      : rows.map((row) => [row]);
    const result = grouped.map((group) => {
      const made = {};
      for (const name of sheet.dimensions) {
        const column = source.columns[name];
        made[name] = column.values[column.codes[group[0]]];
      }
      for (const name of sheet.measures) {
        made[name] = measured(source, report.measures[name], group);
      }
      return made;
    });
    const order = sheet.order.length ? sheet.order : sheet.dimensions;
    result.sort((left, right) => {
      for (const name of order) {
        const bare = name.replace(/^-/, "");
        const sign = compare(left[bare], right[bare], name !== bare);
        if (sign) return sign;
      }
      return 0;
    });
    return sheet.limit ? result.slice(0, sheet.limit) : result;
  }

  // How many rows behind a sheet are of groups too small to be judged.
  function suppressed(report, sheet, choices) {
    const source = report.sources[sheet.source];
    const flag = source.columns.is_suppressed;
    if (!flag) return 0;
    return passing(source, [...conditions(report, sheet, choices), ["is_suppressed", true]]).length;
  }

  // The values of a column, in any source, of the rows where others hold; sorted, and kept.
  const asked = new Map();
  function values(report, column, where) {
    const known = where.filter(([, value]) => value != null);
    const key = JSON.stringify([column, known]);
    if (asked.has(key)) return asked.get(key);
    const found = new Set();
    for (const source of Object.values(report.sources)) {
      const held = source.columns[column];
      if (!held || known.some(([name]) => !source.columns[name])) continue;
      const codes = new Set();
      for (const row of passing(source, known)) codes.add(held.codes[row]);
      for (const code of codes) found.add(held.values[code]);
    }
    found.delete(null);
    asked.set(key, [...found].sort());
    return asked.get(key);
  }

  return { open, query, suppressed, values };
})();
