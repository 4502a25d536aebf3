import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {Component, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {user} from "@web/core/user";

const MAY_REVEAL = ["editor", "approver"].map(
    (role) => `g2p_spar_financial_address.group_${role}`
);

/**
 * A payment number, masked, with a button that shows it to whoever may see it.
 * The server writes down who was shown what.
 */
export class MaskedNumberField extends Component {
    static template = "g2p_spar_financial_address.MaskedNumberField";
    static props = {...standardFieldProps, addressField: {type: String, optional: true}};

    setup() {
        this.orm = useService("orm");
        this.state = useState({number: "", shownId: 0, mayReveal: false});
        Promise.all(MAY_REVEAL.map((group) => user.hasGroup(group))).then((answers) => {
            this.state.mayReveal = answers.some(Boolean);
        });
    }

    get masked() {
        return this.props.record.data[this.props.name] || "";
    }

    get addressId() {
        const {record, addressField} = this.props;
        return addressField ? record.data[addressField]?.id : record.resId;
    }

    // The form goes on to the next record with the same component.
    get shown() {
        return this.state.shownId === this.addressId && this.state.number;
    }

    get hint() {
        return this.shown
            ? _t("Hide the number")
            : _t("Show the number; that you did is recorded");
    }

    async toggle() {
        const id = this.addressId;
        const number = this.shown
            ? ""
            : await this.orm.call("g2p.financial.address", "reveal", [id]);
        Object.assign(this.state, {number, shownId: id});
    }
}

registry.category("fields").add("fa_masked_number", {
    component: MaskedNumberField,
    supportedTypes: ["char"],
    extractProps: ({options}) => ({addressField: options.address_field}),
});
