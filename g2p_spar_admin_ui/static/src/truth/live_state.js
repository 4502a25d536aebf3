import {registry} from "@web/core/registry";
import {SparStateField} from "@g2p_spar_sync_queue/spar_state_field";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {Component, reactive, useState} from "@odoo/owl";

/** What SPAR itself has said, by registrant: state and sentence, while a page is open. */
export const said = reactive({});

/** The badge of a registrant; what SPAR has just said counts. */
export class SparLiveStateField extends SparStateField {
    setup() {
        super.setup();
        this.said = useState(said);
    }

    get shown() {
        return this.said[this.props.record.resId]?.code || this.state;
    }
}

/** The sentence that says what happens next. */
export class SparLiveSentenceField extends Component {
    static template = "g2p_spar_admin_ui.SparLiveSentence";
    static props = {...standardFieldProps};

    setup() {
        this.said = useState(said);
    }

    get sentence() {
        const {record, name} = this.props;
        return this.said[record.resId]?.sentence || record.data[name] || "";
    }
}

registry.category("fields").add("spar_live_state", {
    component: SparLiveStateField,
    supportedTypes: ["selection"],
});
registry.category("fields").add("spar_live_sentence", {
    component: SparLiveSentenceField,
    supportedTypes: ["char"],
});
