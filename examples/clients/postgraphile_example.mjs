// PostGraphile 4: GraphQL over the protected schema. The server verifies each request's token and hands the claims on in
// request.jwt.claims; docacl believes them in sessions of this login, because a superuser said so (office.sql).
import http from "node:http";
import jwt from "jsonwebtoken";
import pg from "pg";
import { postgraphile } from "postgraphile";

const secret = process.env.TOKEN_SECRET ?? "a secret that only this server and the issuer of tokens know";
const pool = new pg.Pool({ user: "graph", max: 2 });

/** The verified claims of a request, as text; none: nobody is asking. */
function claims(request) {
  const token = request.headers.authorization?.replace(/^Bearer /, "");
  return token ? JSON.stringify(jwt.verify(token, secret, { algorithms: ["HS256"] })) : "";
}

const server = http.createServer(
  postgraphile(pool, "public", {
    disableQueryLog: true,
    ignoreRBAC: false,
    pgSettings: (request) => ({ "request.jwt.claims": claims(request) }),
  }),
);
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));

/** What somebody sees, over HTTP. */
async function ask(token) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query: "{ allDocuments { nodes { title reader } } }" }),
  });
  const { data, errors } = await response.json();
  return data?.allDocuments?.nodes ?? errors;
}

for (const user of process.argv.slice(2)) {
  const rows = await ask(jwt.sign({ sub: user }, secret, { expiresIn: "1m" }));
  const readers = new Set(rows.map((row) => row.reader).filter(Boolean));
  console.log([user, rows.length, ...[...readers].sort()].join(" "));
}
// Without a token nobody is asking; with a forged one the server does not get as far as the database.
console.log(`nobody ${(await ask()).length}`);
const forged = await ask(jwt.sign({ sub: process.argv[2] }, "guessed")).catch(() => "refused");
if (Array.isArray(forged) && forged.some((row) => row.title)) console.log("a forged token was believed");
server.close();
await pool.end();
