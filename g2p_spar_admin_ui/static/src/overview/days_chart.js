/** The last days on one scale: what SPAR confirmed, what was tried again, refused. */

import {_t} from "@web/core/l10n/translation";
import {deserializeDate} from "@web/core/l10n/dates";
import {formatInteger} from "@web/views/fields/formatters";
import {loadBundle} from "@web/core/assets";
import {Component, onWillStart, onWillUnmount, useEffect, useRef} from "@odoo/owl";

/** Of a bar in pixels, so that one among thousands is seen. */
const LEAST_HEIGHT = 3;
const SERIES = [
    {name: "confirmed", label: _t("Confirmed"), colour: "text-success"},
    {name: "retried", label: _t("Tried again"), colour: "text-warning"},
    {name: "refused", label: _t("Refused"), colour: "text-danger"},
];

export class SparDaysChart extends Component {
    static template = "g2p_spar_admin_ui.DaysChart";
    static props = {days: Array, lists: Array, open: Function};

    setup() {
        this.root = useRef("root");
        this.canvas = useRef("canvas");
        this.series = SERIES;
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.draw(),
            () => [JSON.stringify(this.props.days)]
        );
        onWillUnmount(() => this.chart && this.chart.destroy());
    }

    get totals() {
        return SERIES.map((_series, position) =>
            this.props.days.reduce(
                (sum, day) => sum + (day.numbers ? day.numbers[position] : 0),
                0
            )
        );
    }

    /** What is written in place of bars. */
    get emptyText() {
        if (this.props.days.every((day) => !day.numbers)) {
            return _t("Not counted yet.");
        }
        return this.totals.some((total) => total) ? "" : _t("Nothing was sent in these days.");
    }

    number(value) {
        return formatInteger(value);
    }

    nameOf(day) {
        return deserializeDate(day.day).toFormat("ccc d");
    }

    /** What a screen reader says instead of the bars. */
    sentenceOf(day) {
        const name = deserializeDate(day.day).toLocaleString({
            weekday: "long",
            day: "numeric",
            month: "long",
        });
        if (!day.numbers) {
            return _t("%s: not counted.", name);
        }
        const [confirmed, retried, refused] = day.numbers.map((n) => formatInteger(n));
        return _t(
            "%(name)s: %(confirmed)s confirmed, %(retried)s tried again, %(refused)s refused.",
            {name, confirmed, retried, refused}
        );
    }

    get labels() {
        return this.props.days.map((day) =>
            day.numbers ? this.nameOf(day) : [this.nameOf(day), _t("not counted")]
        );
    }

    /** Of the legend, so that bars and words have the colours of the theme. */
    get colours() {
        const swatches = this.root.el.querySelectorAll(".o_spar_swatch");
        return [...swatches].map((swatch) => getComputedStyle(swatch).color);
    }

    valuesOf(position) {
        // Nothing is no bar, not one of the least height.
        return this.props.days.map((day) => (day.numbers && day.numbers[position]) || null);
    }

    draw() {
        if (this.chart) {
            this.chart.data.labels = this.labels;
            this.chart.data.datasets.forEach((dataset, position) => {
                dataset.data = this.valuesOf(position);
            });
            this.chart.update("none");
            return;
        }
        const {root} = this;
        const colours = this.colours;
        const grid = {color: getComputedStyle(root.el).getPropertyValue("--o-spar-grid")};
        // Read again when the window has another size.
        const ticks = {
            color: () => getComputedStyle(root.el).color,
            font: () => ({size: parseFloat(getComputedStyle(root.el).fontSize)}),
        };
        /* global Chart */
        this.chart = new Chart(this.canvas.el, {
            type: "bar",
            data: {
                labels: this.labels,
                datasets: SERIES.map(({label}, position) => ({
                    label: label.toString(),
                    data: this.valuesOf(position),
                    backgroundColor: colours[position],
                    minBarLength: LEAST_HEIGHT,
                    maxBarThickness: 72,
                })),
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: {mode: "index", intersect: false},
                plugins: {legend: {display: false}},
                scales: {
                    x: {stacked: true, grid: {display: false}, ticks},
                    y: {
                        stacked: true,
                        beginAtZero: true,
                        suggestedMax: 5,
                        grid,
                        border: {display: false},
                        ticks: {
                            ...ticks,
                            precision: 0,
                            maxTicksLimit: 6,
                            callback: (value) => formatInteger(value),
                        },
                    },
                },
            },
        });
    }
}
