/* Answers where there is no network. It keeps what every page needs and the page for
   work without network, and no page with data of people.

   SHELL, the addresses of the static files, is written before this by the server. */
"use strict";

const CACHE = "g2p_spar_portal";
const OFFLINE = "/my/register/offline";

async function keepShell() {
    const cache = await caches.open(CACHE);
    const kept = (await cache.keys()).map((request) => address(request));
    for (const one of kept) {
        if (one !== OFFLINE && !SHELL.includes(one)) {
            await cache.delete(one);
        }
    }
    await cache.addAll(SHELL.filter((one) => !kept.includes(one)));
}

function address(request) {
    const url = new URL(request.url);
    return url.pathname + url.search;
}

async function page(request) {
    try {
        return await fetch(request);
    } catch (problem) {
        const cache = await caches.open(CACHE);
        const kept = await cache.match(OFFLINE);
        if (!kept) {
            throw problem;
        }
        return kept;
    }
}

async function file(request) {
    const cache = await caches.open(CACHE);
    return (await cache.match(address(request))) || fetch(request);
}

self.addEventListener("install", (event) => {
    event.waitUntil(keepShell().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
    event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
    const request = event.request;
    if (request.mode === "navigate") {
        event.respondWith(page(request));
    } else if (request.method === "GET" && SHELL.includes(address(request))) {
        event.respondWith(file(request));
    }
});
