/** The first screen of the app: whether payments reach SPAR, and what is to be done. */

import {_t} from "@web/core/l10n/translation";
import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {ConnectionLostError} from "@web/core/network/rpc";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {formatFloat, formatInteger} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";
import {Component, onWillDestroy, onWillStart, useState} from "@odoo/owl";
import {SparDaysChart} from "./days_chart";

const {DateTime} = luxon;
const MOVED_ON = "g2p_spar_admin_ui/moved_on";
/** Also without a message of the bus: a stopped job runner sends none, and must be
 * shown within 10 seconds. */
const POLL_MS = 5000;
/** Messages that arrive together cause one reload. */
const DEBOUNCE_MS = 400;
/** Errors that the user has to see, such as an ended session. */
const SHOWN_ERRORS = [
    "odoo.http.SessionExpiredException",
    "odoo.exceptions.AccessError",
    "werkzeug.exceptions.Forbidden",
];
const LIGHTS = {
    ok: {colour: "text-bg-success", icon: "fa-check-circle"},
    work: {colour: "text-bg-warning", icon: "fa-hand-paper-o"},
    warn: {colour: "text-bg-warning", icon: "fa-exclamation-triangle"},
    stop: {colour: "text-bg-danger", icon: "fa-stop-circle"},
    unknown: {colour: "text-bg-secondary", icon: "fa-question-circle"},
};
const LOOKS = {
    running: "text-bg-success",
    silent: "text-bg-secondary",
    failing: "text-bg-warning",
    away: "text-bg-danger",
    new_key: "text-bg-warning",
    refusing: "text-bg-danger",
    paused: "text-bg-danger",
    draft: "text-bg-secondary",
};

export class SparOverview extends Component {
    static template = "g2p_spar_admin_ui.Overview";
    static components = {SparDaysChart};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.bus = useService("bus_service");
        // ``tested``: the connections whose card answers a test made on this screen.
        this.state = useState({data: null, busy: false, away: "", tested: {}});
        this.onMoved = () => this.soon();
        this.open = (action) => this.action.doAction(action);
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
                this.state.away = "";
            }
        } catch (error) {
            if (SHOWN_ERRORS.includes(error.exceptionName)) {
                clearInterval(this.poll);
                throw error;
            }
            // The next call may succeed; until then nothing here is taken for new.
            this.state.away =
                error instanceof ConnectionLostError
                    ? _t("The registry's server cannot be reached.")
                    : _t("The registry's server answers with an error.");
        }
    }

    run(method, connection) {
        return this.call("g2p.spar.connection", method, [[connection]]);
    }

    async call(model, method, args) {
        this.state.busy = true;
        try {
            const action = await this.orm.call(model, method, args);
            if (method === "action_test") {
                args[0].forEach((id) => (this.state.tested[id] = true));
            }
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

    /** Do what the one button of an incident, of waiting work or of a step says. */
    cure(entry) {
        if (entry.call) {
            const [model, method, ids] = entry.call;
            return this.call(model, method, ids ? [ids] : []);
        }
        return entry.action ? this.open(entry.action) : this.load();
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

    // === WORDS === //

    get light() {
        const light = this.state.data.light;
        if (this.state.away) {
            return {...LIGHTS.unknown, level: "unknown", word: _t("Not known")};
        }
        return {...LIGHTS[light.level], level: light.level, word: light.word};
    }

    /** Whether there is more to show than the first steps. */
    get isStarted() {
        const {guide, work, incidents} = this.state.data;
        return !guide.length || Boolean(work.length || incidents.length);
    }

    get stepsText() {
        const {guide} = this.state.data;
        return _t("%(done)s of %(all)s done", {
            done: guide.filter((step) => step.done).length,
            all: guide.length,
        });
    }

    look(card) {
        return LOOKS[card.state];
    }

    count(entry) {
        return formatInteger(entry.count) + (entry.more ? "+" : "");
    }

    /** The moment these figures are of, with seconds: they are read every few. */
    get readAt() {
        return deserializeDateTime(this.state.data.now).toLocaleString(
            DateTime.TIME_WITH_SECONDS
        );
    }

    get readText() {
        return _t("Read at %s", this.readAt);
    }

    get staleText() {
        return _t("What follows was read at %s and may be wrong by now.", this.readAt);
    }

    sinceText(incident) {
        const moment = deserializeDateTime(incident.since);
        const isToday = moment.hasSame(DateTime.now(), "day");
        return _t(
            "since %s",
            isToday
                ? moment.toLocaleString(DateTime.TIME_SIMPLE)
                : formatDateTime(moment, {showSeconds: false})
        );
    }

    waitingText(incident) {
        return incident.count ? _t("%s wait", this.count(incident)) : _t("none waits");
    }

    oldestOf(entry) {
        return _t("the oldest for %s", this.age(entry.since));
    }

    heardText(card) {
        return card.heard
            ? _t("SPAR answered %s ago", this.age(card.heard))
            : _t("No answer of SPAR is known");
    }

    testText(test) {
        return _t("Tested at %(time)s: %(answer)s", {
            time: deserializeDateTime(test.at).toLocaleString(
                DateTime.TIME_WITH_SECONDS
            ),
            answer: test.text,
        });
    }

    freshText(fact) {
        return fact.since ? _t("%s ago", this.age(fact.since)) : fact.word;
    }

    /** How long ago something was, by the server's clock. */
    age(text) {
        const now = deserializeDateTime(this.state.data.now);
        const seconds = Math.max(0, Math.round((now - deserializeDateTime(text)) / 1000));
        if (seconds < 90) {
            return _t("%s s", seconds);
        }
        if (seconds < 90 * 60) {
            return _t("%s min", Math.round(seconds / 60));
        }
        if (seconds < 36 * 3600) {
            return _t("%s h", Math.round(seconds / 3600));
        }
        return _t("%s days", Math.round(seconds / 86400));
    }

    get confirmed() {
        const {percent, registrants} = this.state.data.light.share;
        if (!registrants) {
            return _t("No registrant has a payment address at SPAR yet.");
        }
        if (percent === null) {
            return _t("Registrants have not been counted yet.");
        }
        const digits = [0, percent % 1 ? 1 : 0];
        return _t("%(share)s of the payment addresses (%(number)s) are confirmed.", {
            share: `${formatFloat(percent, {digits})} %`,
            number: formatInteger(registrants),
        });
    }

    get oldest() {
        const {since} = this.state.data.light.oldest;
        return since
            ? _t("The oldest change on its way waits for %s.", this.age(since))
            : _t("Nothing is on its way.");
    }
}

registry.category("actions").add("g2p_spar_admin_ui.overview", SparOverview);
