/** Builders with defaults: a test names only what it is about. */

/** A layout of widgets given as {wish: [series names]}. */
export function layout(widgets, more = {}) {
  return {
    channel: "c1",
    v: 1,
    epoch: "e1",
    widgets: Object.entries(widgets).map(([wish, names]) => ({
      wish,
      id: wish.split(";")[0],
      title: wish,
      unit: "1",
      kind: "line",
      series: names.map((name) => ({ name, labels: {} })),
      total: null,
      missing: [],
      reason: null,
    })),
    ...more,
  };
}

export function history(t, columns, more = {}) {
  return { channel: "c1", v: 1, epoch: "e1", upto: t.at(-1) ?? 0, t, columns, ...more };
}

export function tick(seq, n, more = {}) {
  return { channel: "c1", v: 1, epoch: "e1", seq, prev: seq - 1, n, ...more };
}

/** A view of columns; NaN is a gap. */
export function view(times, columns, more = {}) {
  return {
    times: Float64Array.from(times),
    presence: Float64Array.from(times.map((_, row) => (columns.some((column) => column[row] === column[row]) ? 1 : NaN))),
    columns: columns.map((column) => Float64Array.from(column)),
    series: columns.map((_, n) => ({ name: `s${n}`, labels: {} })),
    unit: "1",
    interval: 1,
    from: times[0] ?? 0,
    to: times.at(-1) ?? 0,
    since: times[0] ?? 0,
    ...more,
  };
}

/** Numbers that repeat from run to run. */
export function dice(seed) {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}
