import {patch} from "@web/core/utils/patch";
import {ImportAction} from "@base_import/import_action/import_action";

/** For files of payment addresses, Test also shows what each row would change. */
patch(ImportAction.prototype, {
    get checksRows() {
        return this.resModel === "g2p.financial.address";
    },

    async checkRows() {
        await this.handleImport(true);
        const action = await this.model.orm.call(
            "base_import.import",
            "action_fa_show_rows",
            [this.model.id]
        );
        if (action) {
            await this.actionService.doAction(action);
        }
    },
});
