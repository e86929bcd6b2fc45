/**
 * The bar on top: the hosts, preset, window, interval, pause and theme chosen.
 */

import * as actions from "../actions.js";
import { el, fill, icon, say } from "../dom.js";
import { compareHindrance, compare_chosen } from "../looking.js";
import { printDuration } from "../model/units.js";
import { INTERVALS, windowsFor } from "../model/url.js";
import { hostBox } from "./hostbox.js";
import { hostsSwitch } from "./together.js";

/** @typedef {import("../feeds.js").PageStore} PageStore */

/** @param {PageStore} store */
function presetBox(store) {
  const select = el("select", {
    class: "select",
    "aria-label": "Preset",
    onchange: () => {
      if (select.value) store.do(actions.preset_chosen, select.value);
    },
  });
  const show = () => {
    const { catalog, dashboard } = store.state;
    const own = el("option", { value: "", disabled: true, hidden: dashboard.wishes.length === 0 }, "Own choice");
    fill(select, own, ...catalog.presets.map(({ id, title }) => el("option", { value: id }, title)));
    const preset = actions.findPreset(store.state, dashboard.preset) ?? actions.findPreset(store.state, catalog.preset);
    select.value = dashboard.wishes.length ? "" : (preset?.id ?? "");
  };
  show();
  store.subscribe((state) => state.catalog, show);
  store.subscribe((state) => state.dashboard, show);
  return select;
}

/**
 * A row of choices of which one is on; arrow keys move between them, as in any radio group.
 * @param {string} name
 * @param {string} label
 * @param {() => number[]} offered
 * @param {() => number} chosen
 * @param {(choice: number) => void} choose
 */
function choiceRow(name, label, offered, chosen, choose) {
  const node = el("fieldset", { class: "choices", title: label });
  /** @type {HTMLInputElement[]} */
  let inputs = [];
  let built = "";
  const show = () => {
    const choices = offered();
    if (choices.join() !== built) {
      built = choices.join();
      inputs = choices.map((choice) => el("input", { type: "radio", name, value: choice, onchange: () => choose(choice) }));
      fill(node, el("legend", { class: "spoken" }, label), ...choices.map((choice, n) => el("label", {}, inputs[n], el("span", {}, printDuration(choice)))));
    }
    inputs.forEach((input, n) => (input.checked = choices[n] === chosen()));
  };
  show();
  return { node, show };
}

/** @param {PageStore} store @param {() => void} toggle */
function pauseButton(store, toggle) {
  const text = el("span", {});
  const mark = el("span", { class: "pause-mark" });
  const button = el("button", { type: "button", class: "button pause", onclick: toggle }, mark, text);
  store.follow((state) => state.dashboard.frozen, (frozen) => {
    say(text, frozen ? "Go live" : "Pause");
    fill(mark, icon(frozen ? "play" : "pause"));
    button.setAttribute("aria-pressed", String(frozen !== null));
    button.title = frozen ? "Go on live (Space)" : "Hold the charts still; points go on being kept (Space)";
  });
  return button;
}

/** With the window before; where the server keeps too little for that, it says so. @param {PageStore} store */
function toggleCompare(store) {
  const why = compareHindrance(store.state);
  const { compare } = store.state.dashboard;
  if (why && !compare) store.do(actions.notice_given, { key: "compare", kind: "note", text: why });
  else store.do(compare_chosen, !compare);
}

/** @param {PageStore} store */
function compareButton(store) {
  const button = el("button", { type: "button", class: "icon-button compare", onclick: () => toggleCompare(store) }, icon("compare"));
  const show = () => {
    const why = compareHindrance(store.state);
    const name = "Compare with the time before";
    button.setAttribute("aria-label", name);
    button.setAttribute("aria-pressed", String(store.state.dashboard.compare && !why));
    button.setAttribute("aria-disabled", String(why !== ""));
    button.title = why || `${name}: the same lines of one window earlier, dotted (c)`;
    if (!why) store.do(actions.notice_cleared, "compare");
  };
  show();
  store.subscribe((state) => state.dashboard, show);
  store.subscribe((state) => state.held, show);
  return button;
}

const THEMES = /** @type {const} */ (["auto", "light", "dark", "contrast"]);
const THEME_ICONS = { auto: "auto", light: "sun", dark: "moon", contrast: "contrast" };
const THEME_NAMES = { auto: "as the system", light: "light", dark: "dark", contrast: "high contrast" };

/** @param {PageStore} store */
function nextTheme(store) {
  const at = THEMES.indexOf(store.state.theme);
  store.do(actions.theme_chosen, THEMES[(at + 1) % THEMES.length]);
}

/** @param {PageStore} store */
function themeButton(store) {
  const button = el("button", { type: "button", class: "icon-button theme", onclick: () => nextTheme(store) });
  store.follow((state) => state.theme, (theme) => {
    const name = `Theme: ${THEME_NAMES[theme]}`;
    button.setAttribute("aria-label", name);
    button.title = `${name} (t)`;
    fill(button, icon(THEME_ICONS[theme]));
  });
  return button;
}

/**
 * @param {HTMLElement} node
 * @param {PageStore} store
 * @param {{pick: () => void, layout: (button: HTMLElement) => void, help: () => void, pause: () => void, burst: () => void, container: HTMLElement}} hands
 * @returns {{focus_hosts: () => void}}
 */
function mountBar(node, store, { pick, layout, help, pause, burst, container }) {
  const { form, input } = hostBox(store);
  const window = choiceRow("window", "Time shown", () => windowsFor(store.state.held, store.state.dashboard.window), () => store.state.dashboard.window, (choice) => store.do(actions.window_chosen, choice));
  const interval = choiceRow("interval", "Seconds between points", () => INTERVALS, () => store.state.dashboard.interval, (choice) => store.do(actions.interval_chosen, choice));
  store.subscribe((state) => state.dashboard, () => {
    window.show();
    interval.show();
  });
  store.subscribe((state) => state.held, window.show);
  const arrange = el("button", { type: "button", class: "icon-button", "aria-label": "Layout", title: "Layout: groups, folding, as usual again", "aria-haspopup": "menu", onclick: () => layout(arrange) }, icon("layout"));
  fill(
    node,
    el("a", { class: "brand", href: "/", title: "Start anew" }, "vectorpy"),
    form,
    container,
    el(
      "div",
      { class: "controls" },
      presetBox(store),
      el("button", { type: "button", class: "button", onclick: pick, "aria-label": "Widgets", title: "Choose widgets (w)" }, icon("grid"), el("span", { class: "wide" }, "Widgets")),
      arrange,
      hostsSwitch(store),
      window.node,
      interval.node,
      compareButton(store),
      pauseButton(store, pause),
      el("button", { type: "button", class: "icon-button", "aria-label": "Burst: 10 points a second for 60 s", title: "Burst: 10 points a second for 60 s (b)", onclick: burst }, icon("burst")),
      themeButton(store),
      el("button", { type: "button", class: "icon-button", "aria-label": "Help and shortcuts", title: "Help and shortcuts (?)", onclick: help }, icon("help")),
    ),
  );
  return { focus_hosts: () => input.select() };
}

export { mountBar, nextTheme, toggleCompare };
