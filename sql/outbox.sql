-- The outbox: whoever is to act on events (send the letter of welcome, say) reads and deletes rows of docacl.event, by
-- the privileges that a superuser grants his database role; nobody else reads it. A NOTIFY wakes him. Both are part of
-- the transaction that did what the event says, and go with it if it rolls back.

CREATE FUNCTION docacl.announce_event() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Every session of the database may LISTEN: it is told the number of a row and nothing of what it says.
    PERFORM pg_notify('docacl_event', NEW.id::text);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.announce_event() FROM PUBLIC;
COMMENT ON FUNCTION docacl.announce_event() IS 'NOTIFY docacl_event with the id of a new row of docacl.event.';

CREATE TRIGGER announce AFTER INSERT ON docacl.event FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.announce_event();
ALTER TABLE docacl.event ENABLE ALWAYS TRIGGER announce;
