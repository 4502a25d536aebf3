import {Dialog} from "@web/core/dialog/dialog";
import {OldBesideNew} from "@g2p_spar_financial_address/old_beside_new";
import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";

/** Asks before the address SPAR holds is entered here, both beside each other. */
export class TakeDialog extends Component {
    static template = "g2p_spar_admin_ui.TakeDialog";
    static components = {Dialog, OldBesideNew};
    static props = {close: Function, ours: String, theirs: String, take: Function};

    get cells() {
        const {ours, theirs} = this.props;
        const alike = ours === theirs;
        return [
            {
                name: "address",
                label: _t("Payment address"),
                was: ours || _t("No address"),
                becomes: theirs,
                changed: true,
                note: alike ? _t("differs, though it looks the same") : "",
            },
        ];
    }

    take() {
        this.props.close();
        this.props.take();
    }
}
