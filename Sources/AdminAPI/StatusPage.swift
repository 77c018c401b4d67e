// The page at `/`: one node's status for people, without anything from elsewhere.

/// A small page that asks for a token, keeps it in memory while it is open, and shows `/v1/status` every two seconds.
enum StatusPage {
    static let html = Array(
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Trireme</title>
        <link rel="stylesheet" href="/status.css">
        <script src="/status.js" defer></script>
        </head>
        <body>
        <h1>Trireme <span id="name"></span></h1>
        <form id="sign-in">
        <label>Admin token <input id="token" type="password" autocomplete="off" required></label>
        <button>Show status</button>
        </form>
        <p id="message" role="status"></p>
        <div id="status" hidden>
        <h2>Node</h2>
        <table id="node"></table>
        <h2>Peers</h2>
        <table id="peers"></table>
        </div>
        </body>
        </html>

        """.utf8)

    static let script = Array(
        """
        "use strict";
        let token = "";
        const at = (id) => document.getElementById(id);

        function cell(kind, text) {
          const element = document.createElement(kind);
          element.textContent = text;
          return element;
        }

        function words(value) {
          if (value === null) return "–";
          if (Array.isArray(value)) return value.map((item) => item.message || words(item)).join("; ") || "none";
          if (typeof value !== "object") return String(value);
          return Object.entries(value).map(([name, part]) => name.replaceAll("_", " ") + " " + words(part)).join(", ");
        }

        function rows(table, list) {
          table.replaceChildren(...list.map((cells) => {
            const row = document.createElement("tr");
            row.append(...cells);
            return row;
          }));
        }

        function show(status) {
          at("name").textContent = status.node.id;
          const facts = Object.entries(status.node);
          facts.unshift(["leader", status.leader]);
          rows(at("node"), facts.map(([name, value]) => {
            const data = cell("td", words(value));
            if (name === "healthy" || name === "durability_full") data.className = value ? "good" : "bad";
            if (name === "state" && value.condition !== "sound") data.className = "bad";
            return [cell("th", name.replaceAll("_", " ")), data];
          }));
          const peers = status.peers;
          const names = peers.length ? Object.keys(peers[0]) : [];
          rows(at("peers"), [names.map((name) => cell("th", name.replaceAll("_", " ")))].concat(
            peers.map((peer) => names.map((name) => cell("td", words(peer[name]))))));
        }

        function signOut(text) {
          token = "";
          at("status").hidden = true;
          at("sign-in").hidden = false;
          at("message").textContent = text;
        }

        async function refresh() {
          if (!token) return;
          try {
            const answer = await fetch("/v1/status", { headers: { Authorization: "Bearer " + token } });
            if (answer.status === 401 || answer.status === 403) return signOut("The token is not valid for this.");
            show(await answer.json());
            at("sign-in").hidden = true;
            at("status").hidden = false;
            at("message").textContent = "as of " + new Date().toLocaleTimeString();
          } catch {
            at("message").textContent = "The node does not answer.";
          }
          setTimeout(refresh, 2000);
        }

        at("sign-in").addEventListener("submit", (event) => {
          event.preventDefault();
          token = at("token").value.trim();
          at("token").value = "";
          refresh();
        });

        """.utf8)

    static let style = Array(
        """
        body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
        table { border-collapse: collapse; display: block; overflow-x: auto; }
        th, td { border-bottom: 1px solid #8884; padding: .2rem .8rem .2rem 0; text-align: left; }
        th { font-weight: 600; }
        .good { color: #17692b; }
        .bad { color: #b00020; font-weight: 700; }
        :root { color-scheme: light dark; }
        @media (prefers-color-scheme: dark) { .good { color: #6cd684; } .bad { color: #ff8a8a; } }

        """.utf8)
}
