import {WarningDialog} from "@web/core/errors/error_dialogs";
import {patch} from "@web/core/utils/patch";
import {_t} from "@web/core/l10n/translation";

const REFUSALS = ["odoo.exceptions.UserError", "odoo.exceptions.ValidationError"];
const APP = /^g2p_(spar|odk)_/;

/** In the app of the suite, a refusal has a title that says what it is. */
patch(WarningDialog.prototype, {
    inferTitle() {
        const app = this.env.services.menu?.getCurrentApp()?.xmlid || "";
        if (APP.test(app) && REFUSALS.includes(this.props.exceptionName)) {
            return _t("This was not done");
        }
        return super.inferTitle();
    },
});
