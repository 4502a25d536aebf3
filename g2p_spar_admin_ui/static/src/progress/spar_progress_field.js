/** A progress bar that is updated while its record is running. */

import {ConnectionLostError} from "@web/core/network/rpc";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {Component, onWillUnmount, status, useEffect} from "@odoo/owl";

const POLL_MS = 2000;

export class SparProgressField extends Component {
    static template = "g2p_spar_admin_ui.SparProgressField";
    static props = {...standardFieldProps};

    setup() {
        useEffect(
            () => this.watch(),
            () => [this.props.record.resId, this.running]
        );
        onWillUnmount(() => clearTimeout(this.timer));
    }

    get running() {
        return this.props.record.data.state === "running";
    }

    get percent() {
        return Math.round(this.props.record.data[this.props.name] || 0);
    }

    watch() {
        clearTimeout(this.timer);
        if (this.running) {
            this.timer = setTimeout(() => this.poll(), POLL_MS);
        }
    }

    async poll() {
        try {
            if (!(await this.props.record.isDirty())) {
                await this.props.record.load();
            }
        } catch (error) {
            // The server may be unreachable for a moment; the next call will show.
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
        } finally {
            if (status(this) !== "destroyed") {
                this.watch();
            }
        }
    }
}

registry.category("fields").add("spar_progress", {
    component: SparProgressField,
    supportedTypes: ["float"],
    fieldDependencies: [{name: "state", type: "selection"}],
});
