// node-postgres: a helper that takes a client from the pool, opens a transaction, and says first who is asking.
import pg from "pg";

const pool = new pg.Pool({ user: "web", max: 2 });

/** Runs `work` in a transaction in which the database sees `user` asking. */
async function asking(user, work) {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT acl_set_user($1)", [user]);
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

for (const user of process.argv.slice(2)) {
  const { rows } = await asking(user, (client) => client.query("SELECT title, reader FROM documents ORDER BY id"));
  const readers = new Set(rows.map((row) => row.reader).filter(Boolean));
  console.log([user, rows.length, ...[...readers].sort()].join(" "));
}
// Outside such a transaction nobody is asking.
const { rows } = await pool.query("SELECT count(*)::int AS n FROM documents");
console.log(`nobody ${rows[0].n}`);
await pool.end();
