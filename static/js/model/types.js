/**
 * Shapes that the modules share, as JSDoc types. No code belongs here.
 *
 * Times are Unix seconds of the server's clock. Numbers are canonical
 * (bytes, seconds, ones); the page scales them for people.
 *
 * @typedef {{instance?: string, series?: string, role?: string, [key: string]: string|undefined}} Labels
 * @typedef {{name: string, labels: Labels}} Series
 * @typedef {{wish: string, id: string, title: string, unit: string, kind: string, series: Series[],
 *   total: number|null, missing: string[], reason: string|null, min?: number|null, max?: number|null,
 *   buckets?: Buckets, columns?: Column[], narrow?: Narrow}} LaidWidget
 * @typedef {{container: string, state: string, since?: number, known?: string[], total?: number}} Narrow
 *   a container: here, gone since, unknown (others are known), or waiting
 * @typedef {{name: string, path: string, container: boolean, runtime: string, cpu: number|null,
 *   memory: number|null}} Group a container or other control group of a host
 * @typedef {{unit: string, rate: boolean}} Buckets of a histogram: unit of its ranges; whether it
 *   counts events of an interval
 * @typedef {{id: string, title: string, unit: string, text: boolean, help: string, sort?: boolean,
 *   spark?: boolean, wide?: boolean}} Column of a live table; the first, without an id, is the rows' name
 * @typedef {{channel: string, v: number, seq: number, key: string, whole: boolean, total: number,
 *   note: string, cells: Record<string, Record<string, number|string|null>|null>, t?: number[],
 *   past?: Record<string, (number|null)[]>}} RowsMessage
 * @typedef {{channel: string, host?: string, interval?: number, v: number, epoch: string,
 *   widgets: LaidWidget[]}} Layout
 * @typedef {{channel: string, v: number, epoch: string, upto: number, t: number[],
 *   columns: (number|null)[][]}} History
 * @typedef {{channel: string, epoch: string, v: number, seq: number, prev: number,
 *   n: (number|null)[]}} Tick
 * @typedef {{host: string, state: string, reason: string|null, hint: string|null,
 *   next_try: number|null, often?: boolean, skew: number|null, transport: string|null, name: string|null,
 *   cost: Cost|null}} HostState
 * @typedef {{metrics: number, values: number, ms: number, bytes: number, cpu: number|null,
 *   viewers: number, period: number}} Cost of watching a host; bytes per second, CPU of its pmcd
 * @typedef {{type?: string, title?: string, detail?: string, host?: string|null, hint?: string|null,
 *   status?: number}} Problem
 * @typedef {{shows?: string, normal?: string, action?: string}} Help
 * @typedef {{id: string, aliases: string[], title: string, group: string, kind: string, unit: string,
 *   metrics: string[], help?: Help, needs?: string, range?: [number|null, number|null],
 *   series?: {name: string, expression: string}[], part?: string|null, columns?: Column[],
 *   narrowed?: string[], whole?: string, single?: boolean, picks?: boolean,
 *   options?: {name: string, help: string, values: string[]}[]}} CatalogWidget
 * @typedef {{id: string, aliases: string[], title: string, widgets: string[], help?: string}} CatalogPreset
 * @typedef {{from: number, to: number}} Span
 * @typedef {{only: boolean, names: string[]}} Choice which series of a widget are drawn: these
 *   alone, or all but these
 * @typedef {"lines"|"stacked"|"log"} Look how a chart is drawn
 * @typedef {{hosts: string[], preset: string|null, wishes: string[], window: number,
 *   interval: number, frozen: Span|null, series: Record<string, Choice>, looks: Record<string, Look>,
 *   compare: boolean, container: string, layout: import("./layout.js").Layout|null, full: string|null,
 *   overlaid: boolean, shownHosts: Choice|null, compared: Record<string, string>, groups: string[]}} Dashboard
 *   series, looks, compared: by wish; compare: with the window before; container: the one that it is narrowed to,
 *   "" for none; layout: null where the cards flow; full: the wish that fills the page; overlaid: all hosts in
 *   one chart per widget; compared: which series of each host; groups: of hosts
 * @typedef {{times: Float64Array, presence: Float64Array, columns: Float64Array[], series: Series[],
 *   unit: string, interval: number, from: number, to: number, since: number, until?: number,
 *   revision?: number|string, own?: import("./joined.js").Own[], settled?: number}} View
 *   presence: NaN in rows without any number; since: the first second that is kept;
 *   until: after it points are still to come, where that is before `to`;
 *   revision: another one after each change that is more than newer rows; own: rows of each line,
 *   where hosts stand in one chart; settled: up to then all of them have come
 */

export {};
