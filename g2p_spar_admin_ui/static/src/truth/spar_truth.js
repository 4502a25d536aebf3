import {ConnectionLostError} from "@web/core/network/rpc";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {MarkedParts} from "@g2p_spar_financial_address/old_beside_new";
import {Component, onWillUnmount, status, useEffect, useState} from "@odoo/owl";

import {said} from "./live_state";
import {TakeDialog} from "./take_dialog";

/** Without a free query slot: how long to wait for the next try, and how many tries. */
const TURN_MS = 2000;
const TURNS = 3;
/** After an action: how often to check its result, at most. */
const FOLLOW_MS = 2000;
const FOLLOWS = 30;
const EMPTY = {rows: [], requested: {}};

/**
 * What SPAR holds, for the place beside what was requested.
 *
 * The last known value is shown at once. SPAR is queried after the form has opened, in
 * the background.
 */
export class SparTruth extends Component {
    static template = "g2p_spar_admin_ui.SparTruth";
    static components = {MarkedParts};
    static props = {...standardWidgetProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.state = useState({
            known: EMPTY,
            asking: false,
            loaded: false,
            lost: false,
        });
        this.run = 0;
        useEffect(
            () => {
                this.look();
            },
            () => this.reasonsToLook
        );
        onWillUnmount(() => {
            this.forget();
            delete said[this.shownId];
            clearTimeout(this.followTimer);
        });
    }

    /** The registrant, with all changes that the engine or a user made. */
    get reasonsToLook() {
        const {data, resId} = this.props.record;
        return [
            resId,
            data.spar_state,
            data.financial_address_id?.id,
            data.financial_address_state,
            data.pending_address_id?.id,
        ];
    }

    /** Answers to earlier calls are ignored after this. */
    forget() {
        this.run++;
        clearTimeout(this.timer);
    }

    async look() {
        const {resId} = this.props.record;
        if (resId !== this.shownId) {
            delete said[this.shownId];
            Object.assign(this.state, {known: EMPTY, loaded: false});
            this.shownId = resId;
        }
        this.forget();
        if (resId) {
            const run = this.run;
            await this.load(run, resId, false);
            await this.load(run, resId, true);
        }
    }

    async load(run, resId, ask, turns = TURNS) {
        if (run !== this.run) {
            return;
        }
        this.state.asking = true;
        let known = null;
        try {
            known = await this.orm.silent.call("res.partner", "refresh_spar_status", [resId], {ask});
        } catch (error) {
            if (run === this.run) {
                Object.assign(this.state, {asking: false, lost: true});
            }
            if (error instanceof ConnectionLostError) {
                return;
            }
            throw error;
        }
        if (run !== this.run) {
            return;
        }
        Object.assign(this.state, {
            known: known.rows ? known : EMPTY,
            loaded: true,
            lost: false,
        });
        this.tell(resId);
        if (ask && turns && this.state.known.rows.some((row) => row.again)) {
            this.timer = setTimeout(
                () => this.load(run, resId, true, turns - 1),
                TURN_MS
            );
        } else if (ask) {
            this.state.asking = false;
        }
    }

    refresh() {
        this.forget();
        return this.load(this.run, this.props.record.resId, true);
    }

    /** Why there is no new answer of SPAR, in words. */
    problemOf(row) {
        if (this.state.asking) {
            return "";
        }
        return this.state.lost ? _t("The registry cannot be reached.") : row.problem;
    }

    whenOf(row) {
        if (!row.when) {
            return "";
        }
        return row.current ? _t("read %s", row.when) : _t("seen %s", row.when);
    }

    /** The first connection speaks for the registrant. */
    tell(resId) {
        const [first] = this.state.known.rows;
        if (first?.current) {
            said[resId] = {code: first.code, sentence: first.sentence};
        } else {
            delete said[resId];
        }
    }

    /** Why what SPAR holds is marked: the masks may be the same. */
    noteOf(row) {
        const {text} = this.state.known.requested;
        if (!row.current || row.settled || row.code !== "differs") {
            return "";
        }
        return row.text === text ? _t("differs, though it looks the same") : "";
    }

    wasOf(row) {
        const differs = row.current && row.code === "differs";
        return differs ? this.state.known.requested.text || "" : "";
    }

    askToTake(row) {
        this.dialog.add(TakeDialog, {
            ours: this.state.known.requested.text || "",
            theirs: row.text,
            take: () => this.cure(row, "action_take"),
        });
    }

    async cure(row, method) {
        this.state.asking = true;
        try {
            const action = await this.orm.call("g2p.spar.reading", method, [
                row.reading,
            ]);
            await this.action.doAction(action);
        } finally {
            await this.refresh();
        }
        this.follow(this.props.record.resId, FOLLOWS);
    }

    /** A job carries the action out, a moment later. */
    follow(resId, times) {
        clearTimeout(this.followTimer);
        this.followTimer = setTimeout(async () => {
            const isOver = await this.reload(resId);
            if (!isOver && times > 1 && status(this) !== "destroyed") {
                this.follow(resId, times - 1);
            }
        }, FOLLOW_MS);
    }

    get isSettled() {
        return this.state.known.rows.every((row) => row.settled);
    }

    /** Return whether it is done, or the user has left the page. */
    async reload(resId) {
        const {record} = this.props;
        try {
            // Never reload a form that the user is editing.
            if (record.resId !== resId || (await record.isDirty())) {
                return true;
            }
            await record.load();
            await this.refresh();
            return this.isSettled;
        } catch (error) {
            // The server may be unreachable for a moment; the next call will show.
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
        }
        return false;
    }
}

registry.category("view_widgets").add("spar_truth", {component: SparTruth});
