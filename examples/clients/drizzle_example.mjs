// Drizzle: its own transactions, with the user set as their first statement.
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { bigint, pgTable, text } from "drizzle-orm/pg-core";
import pg from "pg";

const documents = pgTable("documents", {
  id: bigint({ mode: "number" }).primaryKey(),
  title: text().notNull(),
  reader: text(),
});

const pool = new pg.Pool({ user: "web", max: 2 });
const db = drizzle(pool);

/** Runs `work` in a transaction in which the database sees `user` asking. */
const asking = (user, work) =>
  db.transaction(async (tx) => {
    await tx.execute(sql`SELECT acl_set_user(${user})`);
    return work(tx);
  });

for (const user of process.argv.slice(2)) {
  const rows = await asking(user, (tx) => tx.select().from(documents).orderBy(documents.id));
  const readers = new Set(rows.map((row) => row.reader).filter(Boolean));
  console.log([user, rows.length, ...[...readers].sort()].join(" "));
}
// Outside such a transaction nobody is asking.
console.log(`nobody ${(await db.select().from(documents)).length}`);
await pool.end();
