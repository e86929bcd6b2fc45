/**
 * The bar on top: hosts are typed here, preset, window, interval, pause and theme chosen.
 */

import * as actions from "../actions.js";
import { el, fill, icon, say } from "../dom.js";
import { parseHosts } from "../model/hosts.js";
import { printDuration } from "../model/units.js";
import { INTERVALS, WINDOWS } from "../model/url.js";

/** @typedef {import("../feeds.js").PageStore} PageStore */

/** @param {PageStore} store */
function hostBox(store) {
  const error = el("p", { class: "host-error", id: "host-error", role: "alert", hidden: true });
  const options = el("datalist", { id: "recent-hosts" });
  const input = el("input", {
    type: "text",
    class: "host-input",
    name: "host",
    "aria-label": "Hosts to add",
    "aria-describedby": "host-error",
    placeholder: "Add a host: web-01, pcp://db-2",
    list: "recent-hosts",
    autofocus: true,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    enterkeyhint: "go",
  });
  const refuse = (/** @type {string} */ text) => {
    say(error, text);
    error.hidden = !text;
    input.setAttribute("aria-invalid", String(text !== ""));
  };
  const form = el(
    "form",
    {
      class: "host-box",
      role: "search",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const { hosts, errors } = parseHosts(input.value);
        refuse(errors.join(" "));
        if (errors.length || !hosts.length) return;
        store.do(actions.hosts_added, hosts);
        input.value = "";
      },
    },
    input,
    el("button", { type: "submit", class: "icon-button", "aria-label": "Add host" }, icon("plus")),
    options,
    error,
  );
  input.addEventListener("input", () => refuse(""));
  store.follow((state) => state.recent, (recent) => fill(options, ...recent.map((host) => el("option", { value: host }))));
  return { form, input };
}

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
 * @param {number[]} choices
 * @param {() => number} chosen
 * @param {(choice: number) => void} choose
 */
function choiceRow(name, label, choices, chosen, choose) {
  const inputs = choices.map((choice) => el("input", { type: "radio", name, value: choice, onchange: () => choose(choice) }));
  const node = el(
    "fieldset",
    { class: "choices", title: label },
    el("legend", { class: "spoken" }, label),
    ...choices.map((choice, n) => el("label", {}, inputs[n], el("span", {}, printDuration(choice)))),
  );
  const show = () => inputs.forEach((input, n) => (input.checked = choices[n] === chosen()));
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

const THEMES = /** @type {const} */ (["auto", "light", "dark"]);
const THEME_ICONS = { auto: "auto", light: "sun", dark: "moon" };

/** @param {PageStore} store */
function nextTheme(store) {
  const at = THEMES.indexOf(store.state.theme);
  store.do(actions.theme_chosen, THEMES[(at + 1) % THEMES.length]);
}

/** @param {PageStore} store */
function themeButton(store) {
  const button = el("button", { type: "button", class: "icon-button theme", onclick: () => nextTheme(store) });
  store.follow((state) => state.theme, (theme) => {
    const name = `Theme: ${theme === "auto" ? "as the system" : theme}`;
    button.setAttribute("aria-label", name);
    button.title = `${name} (t)`;
    fill(button, icon(THEME_ICONS[theme]));
  });
  return button;
}

/**
 * @param {HTMLElement} node
 * @param {PageStore} store
 * @param {{pick: () => void, help: () => void, pause: () => void}} hands
 * @returns {{focus_hosts: () => void}}
 */
function mountBar(node, store, { pick, help, pause }) {
  const { form, input } = hostBox(store);
  const window = choiceRow("window", "Time shown", WINDOWS, () => store.state.dashboard.window, (choice) => store.do(actions.window_chosen, choice));
  const interval = choiceRow("interval", "Seconds between points", INTERVALS, () => store.state.dashboard.interval, (choice) => store.do(actions.interval_chosen, choice));
  store.subscribe((state) => state.dashboard, () => {
    window.show();
    interval.show();
  });
  fill(
    node,
    el("a", { class: "brand", href: "/", title: "Start anew" }, "vectorpy"),
    form,
    el(
      "div",
      { class: "controls" },
      presetBox(store),
      el("button", { type: "button", class: "button", onclick: pick, "aria-label": "Widgets", title: "Choose widgets (w)" }, icon("grid"), el("span", { class: "wide" }, "Widgets")),
      window.node,
      interval.node,
      pauseButton(store, pause),
      themeButton(store),
      el("button", { type: "button", class: "icon-button", "aria-label": "Help and shortcuts", title: "Help and shortcuts (?)", onclick: help }, icon("help")),
    ),
  );
  return { focus_hosts: () => input.select() };
}

export { mountBar, nextTheme };
