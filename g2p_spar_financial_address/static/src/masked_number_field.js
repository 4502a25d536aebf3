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
 * A text with a masked number, and a button that shows the number to users who may see
 * it. The server logs who was shown what.
 */
export class MaskedNumber extends Component {
    static template = "g2p_spar_financial_address.MaskedNumber";
    static props = {
        text: String,
        addressId: {type: [Number, Boolean], optional: true},
        // Another record with a method `reveal`: its model, its id, and arguments.
        source: {type: Object, optional: true},
    };

    setup() {
        this.orm = useService("orm");
        this.state = useState({number: "", shownOf: "", mayReveal: false});
        Promise.all(MAY_REVEAL.map((group) => user.hasGroup(group))).then((answers) => {
            this.state.mayReveal = answers.some(Boolean);
        });
    }

    get source() {
        const {addressId, source} = this.props;
        return (
            source ||
            (addressId && {model: "g2p.financial.address", id: addressId, more: []})
        );
    }

    // The form goes on to the next record with the same component.
    get shown() {
        return this.state.shownOf === JSON.stringify(this.source) && this.state.number;
    }

    get hint() {
        return this.shown
            ? _t("Hide the number")
            : _t("Show the number; that you did is recorded");
    }

    async toggle() {
        const {model, id, more} = this.source;
        const shownOf = JSON.stringify(this.source);
        const number = this.shown
            ? ""
            : await this.orm.call(model, "reveal", [id, ...more]);
        Object.assign(this.state, {number, shownOf});
    }
}

/** The same as a field: a masked number, or an address by its masked name. */
export class MaskedNumberField extends Component {
    static template = "g2p_spar_financial_address.MaskedNumberField";
    static components = {MaskedNumber};
    static props = {...standardFieldProps, addressField: {type: String, optional: true}};

    get value() {
        return this.props.record.data[this.props.name];
    }

    get text() {
        return this.value?.display_name || this.value || "";
    }

    get addressId() {
        const {record, addressField} = this.props;
        if (this.value?.id) {
            return this.value.id;
        }
        return (addressField ? record.data[addressField]?.id : record.resId) || false;
    }
}

registry.category("fields").add("fa_masked_number", {
    component: MaskedNumberField,
    supportedTypes: ["char", "many2one"],
    extractProps: ({options}) => ({addressField: options.address_field}),
});
