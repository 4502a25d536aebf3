import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";

/**
 * Copies the contact phone or e-mail into the payment address being typed.
 * Copied once and by hand: afterwards the two go their own ways.
 */
export class SameAsContact extends Component {
    static template = "g2p_spar_financial_address.SameAsContact";
    static props = {...standardWidgetProps, from: String, to: String};

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
    }

    get label() {
        return this.props.from === "phone"
            ? _t("Same as contact phone")
            : _t("Same as contact e-mail");
    }

    async copy() {
        const {record, from, to} = this.props;
        const registrant = record.data.partner_id;
        const [contact] = await this.orm.read("res.partner", [registrant.id], [from]);
        if (contact[from]) {
            await record.update({[to]: contact[from]});
        } else {
            this.notification.add(_t("The contact has none. Type it here."), {
                type: "warning",
            });
        }
    }
}

registry.category("view_widgets").add("same_as_contact", {
    component: SameAsContact,
    extractProps: ({attrs}) => ({from: attrs.from, to: attrs.to}),
});
