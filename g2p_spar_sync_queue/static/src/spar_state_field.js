/** Badge of a registrant's state at SPAR, which turns by itself while it is moving. */

import {ConnectionLostError} from "@web/core/network/rpc";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {Component, onWillUnmount, status, useEffect} from "@odoo/owl";

const POLL_MS = 1500;
const MOVING = ["on_its_way", "retrying", "checking"];
const LOOKS = {
    in_sync: "text-bg-success",
    held: "text-bg-danger",
    on_its_way: "text-bg-info",
    checking: "text-bg-info",
    retrying: "text-bg-warning",
    waiting_id: "text-bg-warning",
    paused: "text-bg-warning",
    differs: "text-bg-warning",
    incomplete: "text-bg-warning",
    to_approve: "text-bg-warning",
};

export class SparStateField extends Component {
    static template = "g2p_spar_sync_queue.SparStateField";
    static props = {...standardFieldProps};

    setup() {
        this.orm = useService("orm");
        useEffect(
            () => this.watch(),
            () => [this.props.record.resId, this.state]
        );
        onWillUnmount(() => clearTimeout(this.timer));
    }

    get state() {
        return this.props.record.data[this.props.name];
    }

    /** What is shown: SPAR itself may have said more than what is stored. */
    get shown() {
        return this.state;
    }

    get label() {
        const {selection} = this.props.record.fields[this.props.name];
        return selection.find(([value]) => value === this.shown)?.[1];
    }

    get look() {
        return LOOKS[this.shown] || "text-bg-light";
    }

    watch() {
        clearTimeout(this.timer);
        if (MOVING.includes(this.state) && this.props.record.resId) {
            this.timer = setTimeout(() => this.poll(), POLL_MS);
        }
    }

    async poll() {
        const {record, name} = this.props;
        try {
            const [now] = await this.orm.silent.read(
                record.resModel,
                [record.resId],
                [name]
            );
            // Never under the hands of somebody who is typing.
            if (now && now[name] !== this.state && !(await record.isDirty())) {
                await record.load();
            }
        } catch (error) {
            // The server may be away for a moment; the next look will tell.
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

registry.category("fields").add("spar_state", {
    component: SparStateField,
    supportedTypes: ["selection"],
});
