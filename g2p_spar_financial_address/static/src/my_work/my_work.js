import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {formatInteger} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {rpcBus} from "@web/core/network/rpc";
import {useBus, useService} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";
import {user} from "@web/core/user";
import {_t} from "@web/core/l10n/translation";
import {Component, onMounted, onWillDestroy, useState} from "@odoo/owl";

const VIEWER = "g2p_spar_financial_address.group_viewer";
const APP = "g2p_spar_financial_address.menu_root";
/** Sent to a user who gets a to-do, or whose to-do is done. */
const TODOS = "mail.activity/updated";
/** What happens together causes one count. */
const DEBOUNCE_MS = 500;

/** How much waits for this user, in all apps; opened, the lists of it. */
export class MyWork extends Component {
    static template = "g2p_spar_financial_address.MyWork";
    static components = {Dropdown, DropdownItem};
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.menu = useService("menu");
        this.bus = useService("bus_service");
        this.state = useState({entries: []});
        this.soon = useDebounced(() => this.load(), DEBOUNCE_MS);
        onMounted(() => {
            this.load();
        });
        this.bus.subscribe(TODOS, this.soon);
        onWillDestroy(() => this.bus.unsubscribe(TODOS, this.soon));
        // Also after the user has done a part of it.
        useBus(rpcBus, "RPC:RESPONSE", ({detail}) => {
            const {model, method} = detail.data.params || {};
            if (model?.startsWith("g2p.") && method?.startsWith("action_")) {
                this.soon();
            }
        });
    }

    async load() {
        try {
            this.state.entries = await this.orm.silent.call("g2p.fa.work", "mine", []);
        } catch {
            // The next count may succeed; the bar at the top goes on.
        }
    }

    get total() {
        return this.state.entries.reduce((sum, entry) => sum + entry.count, 0);
    }

    get totalText() {
        return formatInteger(this.total, {humanReadable: this.total > 999});
    }

    get title() {
        return this.total
            ? _t("My work: %s wait for you", formatInteger(this.total))
            : _t("My work: nothing waits for you");
    }

    count(entry) {
        return formatInteger(entry.count) + (entry.more ? "+" : "");
    }

    open(entry) {
        return this.action.doAction(entry.action, {
            clearBreadcrumbs: true,
            onActionReady: () => {
                const app = this.menu.getApps().find((one) => one.xmlid === APP);
                this.menu.setCurrentMenu(app);
            },
        });
    }
}

user.hasGroup(VIEWER).then((isOfSuite) => {
    if (isOfSuite) {
        registry
            .category("systray")
            .add("g2p_spar_financial_address.my_work", {Component: MyWork}, {sequence: 22});
    }
});
