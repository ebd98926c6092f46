/* Behaviour that pages borrow by name: x-data="copyable". The content security policy lets no page bring its own. */
"use strict";

const LANGUAGE = document.documentElement.lang;
const COPIED_MS = 2500;

const copyable = () => ({
  done: false,
  async copy() {
    const text = this.$refs.text;
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch {
      // Browsers give the clipboard to secure pages only; selecting works everywhere.
      getSelection().selectAllChildren(text);
      document.execCommand("copy");
    }
    this.done = true;
    setTimeout(() => { this.done = false; }, COPIED_MS);
  },
});

const confirmation = () => ({
  ask() { this.$refs.dialog.showModal(); },
  leave() { this.$refs.dialog.close(); },
});

/* Times arrive in UTC, readable without script; here they become the reader's own. */
const moment = () => ({
  init() {
    const shown = new Date(this.$el.dateTime);
    const style = { dateStyle: "medium", timeStyle: "medium" };
    const local = new Intl.DateTimeFormat(LANGUAGE, style).format(shown);
    if (this.$el.dataset.as === "title") {
      this.$el.title = local;
    } else {
      this.$el.title = this.$el.textContent.trim();
      this.$el.textContent = local;
    }
  },
});

document.addEventListener("alpine:init", () => {
  Alpine.data("copyable", copyable);
  Alpine.data("confirmation", confirmation);
  Alpine.data("moment", moment);
});

/* The server says so when a reader may no longer see a live page; loading it again leads to the sign-in. */
document.addEventListener("leave", () => location.reload());

document.addEventListener("htmx:error", () => {
  const place = document.getElementById("problems");
  const said = document.getElementById("lost-connection");
  if (place && said) place.replaceChildren(said.content.cloneNode(true));
});
