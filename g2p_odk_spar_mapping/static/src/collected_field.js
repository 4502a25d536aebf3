import {MaskedNumber} from "@g2p_spar_financial_address/masked_number_field";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {Component} from "@odoo/owl";

/** What a submission holds for a target; a masked number is shown on demand, and logged. */
export class CollectedField extends Component {
    static template = "g2p_odk_spar_mapping.CollectedField";
    static components = {MaskedNumber};
    static props = {...standardFieldProps};

    get text() {
        return this.props.record.data[this.props.name] || "";
    }

    /** What is asked for, where the text is masked. */
    get source() {
        const {submission_id, target} = this.props.record.data;
        const isMasked = this.text.includes("•");
        return isMasked && submission_id
            ? {model: "g2p.odk.submission", id: submission_id.id, more: [target]}
            : undefined;
    }
}

registry.category("fields").add("odk_collected", {
    component: CollectedField,
    supportedTypes: ["char"],
});
