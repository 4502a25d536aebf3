/** The first screen of the app: the current state at SPAR, live. */

import {_t} from "@web/core/l10n/translation";
import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {ConnectionLostError} from "@web/core/network/rpc";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";
import {Component, onWillDestroy, onWillStart, useState} from "@odoo/owl";

const MOVED_ON = "g2p_spar_admin_ui/moved_on";
/** Also without a message of the bus: a stopped job runner sends none, and must be
 * shown within 10 seconds. */
const POLL_MS = 5000;
/** Messages that arrive together cause one reload. */
const DEBOUNCE_MS = 400;
const LOOKS = {
    running: "text-bg-success",
    away: "text-bg-warning",
    paused: "text-bg-warning",
    draft: "text-bg-light",
};

export class SparOverview extends Component {
    static template = "g2p_spar_admin_ui.Overview";
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.bus = useService("bus_service");
        this.state = useState({data: null, busy: false, away: false});
        this.onMoved = () => this.soon();
        onWillStart(() => this.load());
        this.bus.subscribe(MOVED_ON, this.onMoved);
        this.poll = setInterval(() => this.load(), POLL_MS);
        // Also when it is left before it has loaded, and so was never mounted.
        onWillDestroy(() => {
            this.gone = true;
            this.bus.unsubscribe(MOVED_ON, this.onMoved);
            clearInterval(this.poll);
            clearTimeout(this.timer);
        });
    }

    soon() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.load(), DEBOUNCE_MS);
    }

    async load() {
        try {
            const data = await this.orm.silent.call("g2p.spar.overview", "get", []);
            if (!this.gone) {
                this.state.data = data;
                this.state.away = false;
            }
        } catch (error) {
            // The server may be unreachable for a moment; the next call will show.
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
            this.state.away = true;
        }
    }

    open(action) {
        return this.action.doAction(action);
    }

    run(method, connection) {
        return this.call("g2p.spar.connection", method, [[connection]]);
    }

    setAsideJobs() {
        return this.call("g2p.spar.overview", "action_set_aside_jobs", []);
    }

    async call(model, method, args) {
        this.state.busy = true;
        try {
            const action = await this.orm.call(model, method, args);
            if (action && action.type) {
                if (action.type === "ir.actions.act_window") {
                    action.views = [[false, "form"]];
                }
                await this.action.doAction(action);
            }
        } finally {
            // The opened action may have replaced this screen.
            if (!this.gone) {
                this.state.busy = false;
                await this.load();
            }
        }
    }

    askToPause(card) {
        this.dialog.add(ConfirmationDialog, {
            title: _t("Pause"),
            body: _t("Nothing is sent until a manager resumes the connection. Changes wait."),
            confirmLabel: _t("Pause"),
            confirm: () => this.run("action_pause", card.id),
            cancel: () => {},
        });
    }

    openConnection(card) {
        return this.open({
            type: "ir.actions.act_window",
            res_model: "g2p.spar.connection",
            res_id: card.id,
            views: [[false, "form"]],
        });
    }

    look(card) {
        return LOOKS[card.state];
    }

    moment(text) {
        return formatDateTime(deserializeDateTime(text));
    }

    get age() {
        const {seconds} = this.state.data.oldest;
        if (seconds === null || seconds === false) {
            return _t("none");
        }
        if (seconds < 60) {
            return _t("under a minute");
        }
        if (seconds < 3600) {
            return _t("%s min", Math.floor(seconds / 60));
        }
        if (seconds < 86400) {
            return _t("%s h", Math.floor(seconds / 3600));
        }
        return _t("%s days", Math.floor(seconds / 86400));
    }

    total(name) {
        return this.state.data.hours.reduce((sum, hour) => sum + hour[name], 0);
    }

    /** Bars of 24 hours, each in proportion to the highest. */
    bars(name) {
        const highest = Math.max(1, ...this.state.data.hours.map((hour) => hour[name]));
        return this.state.data.hours.map((hour, position) => ({
            x: position * 8,
            height: hour[name] ? Math.max(2, (hour[name] / highest) * 32) : 1,
            title: `${this.moment(hour.hour)}: ${hour[name]}`,
        }));
    }
}

registry.category("actions").add("g2p_spar_admin_ui.overview", SparOverview);
