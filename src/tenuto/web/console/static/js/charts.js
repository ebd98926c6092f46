/* Line charts, drawn from the table that stands beside each of them: one source, for eyes and for screen readers. */
"use strict";

(() => {
  const HEIGHT = 224;
  const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
  const language = document.documentElement.lang;

  /* A custom property holds light-dark(...) unresolved; a colour taken from an element is resolved. */
  const colour = (place, variable) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${variable})`;
    place.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };

  const read = (table) => {
    const rows = [...table.tBodies[0].rows];
    const value = (cell) => (cell.dataset.value === "" ? null : Number(cell.dataset.value));
    const width = table.tHead.rows[0].cells.length;
    return Array.from({ length: width }, (_, column) => rows.map((row) => value(row.cells[column])));
  };

  const spoken = (isTime, splits) => {
    const span = splits[splits.length - 1] - splits[0];
    const style = span > 2 * 86400 ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" };
    const format = isTime ? new Intl.DateTimeFormat(language, style) : new Intl.NumberFormat(language);
    return splits.map((split) => format.format(isTime ? split * 1000 : split));
  };

  const options = (place, table) => {
    const isTime = table.dataset.x === "time";
    const soft = colour(place, "--ink-soft");
    const line = { stroke: colour(place, "--line"), width: 1 };
    const axis = { stroke: soft, grid: line, ticks: line, font: "12px system-ui, sans-serif" };
    const compact = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 2 });
    const labels = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    return {
      width: place.clientWidth,
      height: HEIGHT,
      cursor: { drag: { setScale: false } },
      legend: { show: false }, // the key above the plot says it in text
      scales: { x: { time: isTime } },
      axes: [
        { ...axis, size: 30, values: (_, splits) => spoken(isTime, splits) },
        { ...axis, size: 56, values: (_, splits) => splits.map((split) => compact.format(split)) },
      ],
      series: labels.map((label, index) => (index === 0 ? {} : {
        label,
        stroke: colour(place, `--series-${index}`),
        dash: DASHES[index - 1],
        width: 2,
        points: { show: table.tBodies[0].rows.length < 40, size: 5 },
      })),
    };
  };

  const plot = () => ({
    init() {
      this.draw = this.draw.bind(this);
      this.theme = matchMedia("(prefers-color-scheme: dark)");
      this.theme.addEventListener("change", this.draw);
      this.sized = new ResizeObserver(() => this.chart?.setSize({ width: this.$refs.plot.clientWidth, height: HEIGHT }));
      this.draw();
      this.sized.observe(this.$refs.plot);
    },
    draw() {
      const place = this.$refs.plot;
      const table = this.$refs.table;
      this.chart?.destroy();
      place.hidden = false;
      this.chart = new uPlot(options(place, table), read(table), place);
    },
    destroy() {
      this.sized.disconnect();
      this.theme.removeEventListener("change", this.draw);
      this.chart.destroy();
    },
  });

  document.addEventListener("alpine:init", () => Alpine.data("plot", plot));
})();
