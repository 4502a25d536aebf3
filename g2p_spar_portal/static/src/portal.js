/* Keeps what an agent types on the phone until the registry has it, and sends people who
   were registered without network. Every page also works without this script.

   What is kept is one entry of the local storage for each form:
     agent    who typed it: it is shown and sent in their name only
     key      the registration's key, or the path of the page of a payment address
     name     of the person, for the list
     path     where to go on
     ready    the agent has checked it: it is sent as soon as there is a network
     changed  when, in milliseconds: it is erased some days after that
     steps    what was typed, by step and field */
"use strict";

(() => {
    const PREFIX = "g2p_spar_portal:";
    const SEND = "/my/register/send";
    const OFFLINE = "/my/register/offline";
    const DAY = 24 * 3600 * 1000;

    const {agent, days, version, worker} = document.body.dataset;
    const box = document.getElementById("kept");
    const results = [];
    let sending = false;

    // === WHAT IS KEPT === //

    function keys() {
        return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
    }

    function read(key) {
        try {
            return JSON.parse(localStorage.getItem(PREFIX + key));
        } catch {
            return null;
        }
    }

    function write(entry) {
        try {
            localStorage.setItem(
                PREFIX + entry.key,
                JSON.stringify({...entry, changed: Date.now()})
            );
        } catch {
            // The storage is full or switched off: the page works as without a script.
        }
    }

    function forget(key) {
        localStorage.removeItem(PREFIX + key);
    }

    function forgetAll() {
        keys().forEach((name) => localStorage.removeItem(name));
    }

    function forgetOld() {
        for (const name of keys()) {
            const entry = read(name.slice(PREFIX.length));
            if (!entry || Date.now() - entry.changed > days * DAY) {
                localStorage.removeItem(name);
            }
        }
    }

    function own() {
        return keys()
            .map((name) => read(name.slice(PREFIX.length)))
            .filter((entry) => entry && entry.agent === agent)
            .sort((one, other) => one.changed - other.changed);
    }

    function newKey() {
        const bytes = crypto.getRandomValues(new Uint8Array(16));
        return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    }

    // === FORMS === //

    /* Fields of a form that people fill in, and where they chose before. */
    function typedFields(form) {
        return Array.from(form.elements).filter(
            (field) => field.name && field.name !== "csrf_token" && field.type !== "submit"
        );
    }

    function valuesOf(fields) {
        const values = {};
        for (const field of fields) {
            if (field.matches(":disabled")) {
                continue;
            }
            if (field.type === "radio") {
                values[field.name] ??= "";
            }
            if (["radio", "checkbox"].includes(field.type)) {
                if (field.checked) {
                    values[field.name] = field.value;
                } else if (field.type === "checkbox") {
                    values[field.name] = "";
                }
            } else {
                values[field.name] = field.value;
            }
        }
        return values;
    }

    function restore(fields, values) {
        for (const field of fields) {
            if (!(field.name in values)) {
                continue;
            }
            if (["radio", "checkbox"].includes(field.type)) {
                field.checked = values[field.name] === field.value;
            } else {
                field.value = values[field.name];
            }
            if (field.value) {
                field.closest("details")?.setAttribute("open", "open");
            }
        }
    }

    /* The choices made before, which the server has written into the form. */
    function chosen(form) {
        return Array.from(form.querySelectorAll("input[type=hidden]"))
            .filter((field) => !["csrf_token", "form_token"].includes(field.name))
            .map((field) => [field.name, field.value]);
    }

    /* A form of one page, for a step of a registration or for a payment address. */
    function keepForm(form) {
        const {key, step, person} = form.dataset;
        const revision = Number(form.dataset.revision);
        const fields = typedFields(form);
        const entry = read(key);
        const kept = entry?.agent === agent && entry.steps[step];
        if (kept && chosen(form).every(([name, value]) => kept.values[name] === value)) {
            restore(fields, kept.values);
        }

        function keep(submitted) {
            const before = read(key);
            const steps = before?.agent === agent ? before.steps : {};
            steps[step] = {values: valuesOf(fields), revision, submitted};
            const name =
                form.elements.name?.value || person || form.elements.given_name?.value;
            write({agent, key, name, path: form.getAttribute("action"), steps});
        }
        form.addEventListener("input", () => keep(false));
        // Also what was not changed: the phone may have lost what the page showed.
        form.addEventListener("submit", () => keep(true));
    }

    /* The server has saved what was sent before this page was made. */
    function forgetSaved() {
        for (const shown of document.querySelectorAll("[data-revision]")) {
            const entry = read(shown.dataset.key);
            if (!entry) {
                continue;
            }
            for (const [step, kept] of Object.entries(entry.steps)) {
                if (kept.submitted && kept.revision < Number(shown.dataset.revision)) {
                    delete entry.steps[step];
                }
            }
            if (Object.keys(entry.steps).length) {
                localStorage.setItem(PREFIX + entry.key, JSON.stringify(entry));
            } else {
                forget(entry.key);
            }
        }
        for (const shown of document.querySelectorAll("[data-saved]")) {
            forget(shown.dataset.saved);
        }
        // Of a registration that is not in the list of all, nothing is to be sent.
        const list = document.getElementById("unfinished_list");
        const open = list?.querySelectorAll("[data-key]") || [];
        const listed = Array.from(open, (one) => one.dataset.key);
        for (const entry of list ? own() : []) {
            const begun = entry.path.startsWith("/my/register/") && entry.path !== OFFLINE;
            if (begun && !listed.includes(entry.key)) {
                forget(entry.key);
            }
        }
    }

    // === A PERSON REGISTERED WITHOUT NETWORK === //

    /* Fields are named step.field, and where it depends on the type, step.field.type. */
    function stepsOf(form) {
        const steps = {};
        for (const [name, value] of Object.entries(valuesOf(typedFields(form)))) {
            const [step, field] = name.split(".");
            steps[step] ??= {};
            steps[step][field] = value;
        }
        return steps;
    }

    function offlineForm(form) {
        const review = document.getElementById("offline_review");
        const fields = typedFields(form);
        let entry = own().find((one) => one.path === OFFLINE && !one.ready);
        if (entry) {
            restore(fields, entry.typed);
        }

        function showType() {
            const type = form.elements["payment.fa_type"].value;
            for (const part of form.querySelectorAll("[data-type]")) {
                part.hidden = !part.dataset.type.split(" ").includes(type);
                part.disabled = part.hidden;
            }
            showBranches();
            const tick = form.elements["payment.same_as_contact"];
            form.elements["payment.mobile_number"].required = !tick.checked;
            form.elements["contact.phone"].required = type === "mobile_wallet" && tick.checked;
        }

        /* Those of the bank that is chosen. */
        function showBranches() {
            const bank = form.elements["payment.dfsp_id.bank_account"].value;
            const select = form.elements["payment.branch_id"];
            if (!select) {
                // A page that was kept before it had branches.
                return;
            }
            let some = false;
            for (const option of select.querySelectorAll("[data-provider]")) {
                const fits = option.dataset.provider === bank;
                option.hidden = option.disabled = !fits;
                some ||= fits;
            }
            if (select.selectedOptions[0]?.disabled) {
                select.value = "";
            }
            select.parentElement.hidden = !some;
        }

        function keep(ready) {
            const name = ["name", "given_name", "family_name"]
                .map((part) => form.elements[`identity.${part}`]?.value)
                .filter(Boolean)
                .join(" ");
            entry = {
                agent,
                key: entry?.key || newKey(),
                name,
                path: OFFLINE,
                ready,
                typed: ready ? {} : valuesOf(fields),
                steps: ready ? stepsOf(form) : {},
            };
            write(entry);
        }

        function showReview() {
            const list = review.querySelector("dl");
            list.replaceChildren();
            for (const field of fields) {
                const text = shownText(field);
                if (text && !field.matches(":disabled")) {
                    const [label, value] = ["dt", "dd"].map((tag) =>
                        list.appendChild(document.createElement(tag))
                    );
                    label.textContent = labelOf(field);
                    // A number keeps its direction in a page from right to left.
                    value.appendChild(document.createElement("bdi")).textContent = text;
                }
            }
            form.hidden = true;
            review.hidden = false;
            review.querySelector("h2").focus();
        }

        function closeReview() {
            form.hidden = false;
            review.hidden = true;
        }

        form.addEventListener("input", () => {
            showType();
            keep(false);
        });
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            showReview();
        });
        review.querySelector("[name=edit]").addEventListener("click", closeReview);
        review.querySelector("[name=keep]").addEventListener("click", () => {
            keep(true);
            entry = null;
            form.reset();
            showType();
            closeReview();
            show();
            box.scrollIntoView();
            send();
        });
        showType();
    }

    function labelOf(field) {
        const text =
            field.type === "radio"
                ? field.closest("fieldset").querySelector("legend")
                : field.labels[0];
        return text.firstChild.textContent.trim();
    }

    function shownText(field) {
        if (field.type === "radio") {
            return field.checked ? field.labels[0].textContent.trim() : "";
        }
        if (field.type === "checkbox") {
            return field.checked ? "✓" : "";
        }
        if (field.tagName === "SELECT") {
            return field.value ? field.selectedOptions[0].textContent.trim() : "";
        }
        return field.value.trim();
    }

    // === SENDING === //

    /* Send who waits, one after the other. Sent twice, it is registered once. */
    async function send() {
        const waiting = own().filter((entry) => entry.ready);
        if (sending || !agent || !waiting.length) {
            return;
        }
        sending = true;
        try {
            await sendAll(waiting);
        } catch {
            // No network, or it was lost: it is tried again.
            state("offline");
        } finally {
            sending = false;
            show();
        }
    }

    async function sendAll(waiting) {
        const opened = await fetch(SEND, {redirect: "manual", cache: "no-store"});
        if (opened.type === "opaqueredirect") {
            state("sign_in");
            return;
        }
        const start = opened.ok && (await opened.json());
        if (!start || start.agent !== agent) {
            state("sign_in");
            return;
        }
        for (const entry of waiting) {
            const answer = await fetch(SEND, {
                method: "POST",
                redirect: "manual",
                body: new URLSearchParams({
                    csrf_token: start.csrf_token,
                    form_token: entry.key,
                    typed: JSON.stringify(entry.steps),
                    finish: "1",
                }),
            });
            if (!answer.ok) {
                state("later");
                return;
            }
            const result = await answer.json();
            forget(entry.key);
            results.push({...result, name: entry.name});
            state("");
        }
    }

    // === WHAT IS SHOWN === //

    function state(name) {
        for (const text of box.querySelectorAll("[data-state]")) {
            text.hidden = text.dataset.state !== name;
        }
        show();
    }

    function line(kind, name, href) {
        const item = box.querySelector(`[data-line=${kind}]`).cloneNode(true);
        item.querySelector("strong").textContent = name;
        const link = item.querySelector("a");
        if (link && href) {
            link.href = href;
        } else {
            link?.remove();
        }
        item.hidden = false;
        delete item.dataset.line;
        return item;
    }

    function show() {
        const list = document.getElementById("kept_list");
        const nameless = box.dataset.nameless;
        const here = location.pathname;
        const lines = results.map((result) =>
            line(result.state, result.name || nameless, result.path)
        );
        for (const entry of own()) {
            // What is open in this page is not listed as well.
            if (entry.ready) {
                lines.push(line("waiting", entry.name || nameless));
            } else if (entry.path !== here || document.getElementById("offline_form")) {
                if (entry.path !== OFFLINE) {
                    lines.push(line("typed", entry.name || nameless, entry.path));
                }
            }
        }
        list.replaceChildren(...lines);
        box.querySelector("button").hidden = !own().some((entry) => entry.ready);
        const said = Array.from(box.querySelectorAll("[data-state]"));
        box.hidden = !lines.length && said.every((text) => text.hidden);
    }

    // === THE PAGE === //

    function leave(event) {
        const some = keys().length;
        if (some && !confirm(box.dataset.leave)) {
            event.preventDefault();
            return;
        }
        forgetAll();
    }

    /* The page for work without network has no data of people. It is kept anew when the
       language or the agent is another one, and once a day. */
    async function keepOfflinePage() {
        const mark = "g2p_spar_portal_offline_page";
        const [day, wanted] = [Math.floor(Date.now() / DAY), `${agent} ${version}`];
        if (localStorage.getItem(mark) === `${wanted} ${day}`) {
            return;
        }
        const answer = await fetch(OFFLINE, {redirect: "manual", cache: "no-store"});
        if (answer.ok) {
            const cache = await caches.open("g2p_spar_portal");
            await cache.put(OFFLINE, answer);
            localStorage.setItem(mark, `${wanted} ${day}`);
        }
    }

    async function prepareOffline() {
        for (const scope of ["/my/people", "/my/register"]) {
            await navigator.serviceWorker.register(worker, {scope});
        }
        await keepOfflinePage();
    }

    /* The receipt is printed, or handed to another program of the phone. */
    function receipt(list) {
        const [print, share] = ["print_receipt", "share_receipt"].map((id) =>
            document.getElementById(id)
        );
        const text = Array.from(list.children, (one) => one.innerText.trim())
            .join("\n")
            .trim();
        print.hidden = false;
        print.addEventListener("click", () => window.print());
        share.hidden = !navigator.share;
        share.addEventListener("click", () => navigator.share({text}).catch(() => {}));
    }

    function start() {
        forgetOld();
        if (!agent || !box) {
            return;
        }
        forgetSaved();
        document.querySelectorAll("form[data-step]").forEach(keepForm);
        const offline = document.getElementById("offline_form");
        if (offline) {
            offlineForm(offline);
            const again = document.getElementById("try_again");
            again.hidden = location.pathname === OFFLINE;
            // Some paths are for sending only.
            const only = /\/(new|discard|send)$/.test(location.pathname);
            again.querySelector("a").href = only ? "/my/register" : location.pathname;
        }
        const list = document.getElementById("receipt");
        if (list) {
            receipt(list);
        }
        document.querySelector("a[data-leave]")?.addEventListener("click", leave);
        box.querySelector("button").addEventListener("click", send);
        window.addEventListener("offline", () => state("offline"));
        window.addEventListener("online", () => {
            state("");
            send();
        });
        state(navigator.onLine ? "" : "offline");
        send();
        if (navigator.serviceWorker && navigator.onLine) {
            prepareOffline().catch(() => {});
        }
    }

    start();
})();
