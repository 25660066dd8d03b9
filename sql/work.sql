-- Work that follows the roles: queues of documents, approval tasks, forms. An item or a task is nobody's but the role's, read
-- live: who leaves the role, or may no longer read the document, no longer sees it. Written only by the functions in src/work.

CREATE TABLE docacl.queue_item (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id    bigint NOT NULL,
    queue_id      bigint NOT NULL,
    relation      regclass NOT NULL,
    row_key       text NOT NULL,
    state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'claimed', 'done')),
    enqueued_by   bigint,
    enqueued_at   timestamptz NOT NULL DEFAULT now(),
    claimed_by    bigint,
    claimed_at    timestamptz,
    completed_by  bigint,
    completed_at  timestamptz,
    CHECK ((state = 'waiting') = (claimed_by IS NULL AND completed_by IS NULL))
);
COMMENT ON TABLE docacl.queue_item IS 'Documents in queues. An open item is waiting, or claimed by one user.';
COMMENT ON COLUMN docacl.queue_item.queue_id IS 'The queue: a resource.';
COMMENT ON COLUMN docacl.queue_item.row_key IS 'The document''s key.';
COMMENT ON COLUMN docacl.queue_item.state IS 'waiting, claimed or done.';
COMMENT ON COLUMN docacl.queue_item.enqueued_by IS 'Who put it there.';
COMMENT ON COLUMN docacl.queue_item.enqueued_at IS 'When it was put there.';
COMMENT ON COLUMN docacl.queue_item.claimed_at IS 'When somebody claimed it; null while it waits.';
COMMENT ON COLUMN docacl.queue_item.completed_by IS 'Who completed it.';
COMMENT ON COLUMN docacl.queue_item.completed_at IS 'When it was completed.';
COMMENT ON COLUMN docacl.queue_item.claimed_by IS 'Who is at work on it.';
CREATE INDEX queue_item_waiting ON docacl.queue_item (queue_id, id) WHERE state = 'waiting';
CREATE UNIQUE INDEX queue_item_open ON docacl.queue_item (queue_id, relation, row_key) WHERE state <> 'done';
CREATE INDEX queue_item_claimed ON docacl.queue_item (claimed_by) WHERE state = 'claimed';

CREATE TABLE docacl.task (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint NOT NULL,
    role_id     bigint NOT NULL,
    relation    regclass NOT NULL,
    row_key     text NOT NULL,
    everyone    boolean NOT NULL,
    state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'rejected')),
    created_by  bigint,
    created_at  timestamptz NOT NULL DEFAULT now(),
    decided_at  timestamptz,
    CHECK ((state = 'open') = (decided_at IS NULL))
);
COMMENT ON TABLE docacl.task IS 'Approval tasks: a document that an approval role decides on.';
COMMENT ON COLUMN docacl.task.row_key IS 'The document''s key.';
COMMENT ON COLUMN docacl.task.state IS 'open, approved or rejected.';
COMMENT ON COLUMN docacl.task.decided_at IS 'When it was approved or rejected; null while it is open.';
COMMENT ON COLUMN docacl.task.everyone IS 'Whether every member who may read the document has to approve, or one is enough. One who rejects is enough either way.';
CREATE INDEX task_role ON docacl.task (role_id) WHERE state = 'open';

CREATE TABLE docacl.decision (
    task_id       bigint NOT NULL,
    principal_id  bigint NOT NULL,
    approve       boolean NOT NULL,
    note          text,
    at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (task_id, principal_id)
);
COMMENT ON TABLE docacl.decision IS 'What each member of a task''s role decided.';
COMMENT ON COLUMN docacl.decision.task_id IS 'The task.';
COMMENT ON COLUMN docacl.decision.approve IS 'Approved (true) or rejected (false).';

CREATE TABLE docacl.form (
    form_id           bigint PRIMARY KEY,
    account_id        bigint NOT NULL,
    document_type_id  bigint NOT NULL,
    location_id       bigint NOT NULL
);
COMMENT ON TABLE docacl.form IS 'What becomes of a completed form: a document of this type in this location.';
COMMENT ON COLUMN docacl.form.form_id IS 'The form: a resource, on which complete_form is granted.';
COMMENT ON COLUMN docacl.form.document_type_id IS 'The type of the document that it becomes.';
COMMENT ON COLUMN docacl.form.location_id IS 'The location of the document that it becomes.';
CREATE INDEX form_type ON docacl.form (document_type_id);
CREATE INDEX form_location ON docacl.form (location_id);

REVOKE ALL ON docacl.queue_item, docacl.task, docacl.decision, docacl.form FROM PUBLIC;
REVOKE ALL ON SEQUENCE docacl.queue_item_id_seq, docacl.task_id_seq FROM PUBLIC;

-- What foreign keys would do: see references.sql.
CREATE FUNCTION docacl.work_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint[];
BEGIN
    SELECT array_agg(o.id) INTO gone FROM old_rows AS o;
    IF TG_TABLE_NAME = 'principal' THEN
        DELETE FROM docacl.task AS t WHERE t.role_id = ANY (gone);
        UPDATE docacl.queue_item AS i SET state = 'waiting', claimed_by = NULL, claimed_at = NULL
        WHERE i.claimed_by = ANY (gone) AND i.state = 'claimed';
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'task' THEN
        DELETE FROM docacl.decision AS d WHERE d.task_id = ANY (gone);
        RETURN NULL;
    END IF;
    DELETE FROM docacl.form AS f WHERE f.form_id = ANY (gone);
    DELETE FROM docacl.queue_item AS i WHERE i.queue_id = ANY (gone);
    IF EXISTS (SELECT FROM docacl.form AS f WHERE f.document_type_id = ANY (gone) OR f.location_id = ANY (gone)) THEN
        RAISE EXCEPTION 'a form makes documents of this type or in this location'
            USING ERRCODE = 'object_in_use', HINT = 'Drop the form first.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.work_gone() FROM PUBLIC;
COMMENT ON FUNCTION docacl.work_gone() IS 'Items go with their queue, tasks with their role, decisions with their task; what a user who is dropped had claimed waits again; what a form needs does not go.';
CREATE TRIGGER gone_work AFTER DELETE ON docacl.principal REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.work_gone();
CREATE TRIGGER gone_work AFTER DELETE ON docacl.resource REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.work_gone();
CREATE TRIGGER gone_work AFTER DELETE ON docacl.task REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.work_gone();
ALTER TABLE docacl.principal ENABLE ALWAYS TRIGGER gone_work;
ALTER TABLE docacl.task ENABLE ALWAYS TRIGGER gone_work;
ALTER TABLE docacl.resource ENABLE ALWAYS TRIGGER gone_work;

CREATE FUNCTION docacl.sees_item(queue_id bigint, relation regclass, row_key text) RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_sees_item_wrapper';
COMMENT ON FUNCTION docacl.sees_item(bigint, regclass, text) IS 'Whether who is asking sees an item of a queue: he holds work_queue on the queue and may read the document.';

CREATE FUNCTION docacl.sees_task(role_id bigint, relation regclass, row_key text) RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_sees_task_wrapper';
COMMENT ON FUNCTION docacl.sees_task(bigint, regclass, text) IS 'Whether who is asking sees a task: he is in the role, or admin of its account, and may read the document.';

CREATE FUNCTION docacl.sees_form(form_id bigint) RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_sees_form_wrapper';
COMMENT ON FUNCTION docacl.sees_form(bigint) IS 'Whether who is asking sees a form: he holds complete_form on it.';

CREATE FUNCTION docacl.reads_row(principal_id bigint, relation regclass, row_key text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_reads_row_wrapper';
COMMENT ON FUNCTION docacl.reads_row(bigint, regclass, text) IS 'Whether a principal may read a row of a protected table. For docacl''s own statements.';
REVOKE ALL ON FUNCTION docacl.reads_row(bigint, regclass, text) FROM PUBLIC;

CREATE FUNCTION docacl.works_on(principal_id bigint, queue_id bigint, relation regclass, row_key text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_works_on_wrapper';
COMMENT ON FUNCTION docacl.works_on(bigint, bigint, regclass, text) IS 'Whether a principal holds work_queue on a queue and may read a row. For docacl''s own statements.';
REVOKE ALL ON FUNCTION docacl.works_on(bigint, bigint, regclass, text) FROM PUBLIC;

ALTER TABLE docacl.queue_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE docacl.task ENABLE ROW LEVEL SECURITY;
ALTER TABLE docacl.decision ENABLE ROW LEVEL SECURITY;
ALTER TABLE docacl.form ENABLE ROW LEVEL SECURITY;
CREATE POLICY docacl_sees ON docacl.queue_item FOR SELECT USING (docacl.sees_item(queue_id, relation, row_key));
CREATE POLICY docacl_sees ON docacl.task FOR SELECT USING (docacl.sees_task(role_id, relation, row_key));
CREATE POLICY docacl_sees ON docacl.decision FOR SELECT USING (EXISTS (SELECT FROM docacl.task AS t WHERE t.id = task_id));
CREATE POLICY docacl_sees ON docacl.form FOR SELECT USING (docacl.sees_form(form_id));

CREATE VIEW docacl.queue_list WITH (security_invoker = true, security_barrier = true) AS
    SELECT i.id AS item, r.name AS queue, i.relation, i.row_key AS document, i.state,
           docacl.principal_name(i.claimed_by) AS claimed_by, i.claimed_at, i.enqueued_at, i.completed_at
    FROM docacl.queue_item AS i JOIN docacl.resource AS r ON r.id = i.queue_id;
COMMENT ON VIEW docacl.queue_list IS 'The items that the reader may see: of queues on which he holds work_queue, with documents that he may read.';
COMMENT ON COLUMN docacl.queue_list.item IS 'What acl_complete takes.';
COMMENT ON COLUMN docacl.queue_list.queue IS 'The queue''s name.';
COMMENT ON COLUMN docacl.queue_list.claimed_at IS 'Null while it waits.';
COMMENT ON COLUMN docacl.queue_list.enqueued_at IS 'When it was put in the queue.';
COMMENT ON COLUMN docacl.queue_list.completed_at IS 'Null until it is done.';
COMMENT ON COLUMN docacl.queue_list.document IS 'The document''s key.';
COMMENT ON COLUMN docacl.queue_list.state IS 'waiting, claimed or done.';
COMMENT ON COLUMN docacl.queue_list.claimed_by IS 'Null where nobody claimed it, or the reader may not see who did.';

CREATE VIEW docacl.task_list WITH (security_invoker = true, security_barrier = true) AS
    SELECT t.id AS task, docacl.principal_name(t.role_id) AS role, t.relation, t.row_key AS document, t.everyone, t.state,
           (SELECT d.approve FROM docacl.decision AS d
            WHERE d.task_id = t.id AND d.principal_id = acl_user_id()) AS mine,
           t.created_at, t.decided_at
    FROM docacl.task AS t;
COMMENT ON VIEW docacl.task_list IS 'The approval tasks that the reader may see: of roles that he is in, on documents that he may read.';
COMMENT ON COLUMN docacl.task_list.task IS 'What acl_decide takes.';
COMMENT ON COLUMN docacl.task_list.role IS 'The approval role''s name.';
COMMENT ON COLUMN docacl.task_list.everyone IS 'Whether every member who may read the document has to approve, or one is enough.';
COMMENT ON COLUMN docacl.task_list.decided_at IS 'Null while it is open.';
COMMENT ON COLUMN docacl.task_list.document IS 'The document''s key.';
COMMENT ON COLUMN docacl.task_list.state IS 'open, approved or rejected.';
COMMENT ON COLUMN docacl.task_list.mine IS 'What the reader decided: true approved, false rejected, null not yet.';

GRANT SELECT ON docacl.queue_item, docacl.task, docacl.decision, docacl.form, docacl.queue_list, docacl.task_list TO PUBLIC;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['queue_item', 'task'] LOOP
        PERFORM pg_catalog.pg_extension_config_dump(('docacl.' || t)::regclass, 'ORDER BY id');
        PERFORM pg_catalog.pg_extension_config_dump(('docacl.' || t || '_id_seq')::regclass, '');
    END LOOP;
    PERFORM pg_catalog.pg_extension_config_dump('docacl.decision'::regclass, 'ORDER BY task_id, principal_id');
    PERFORM pg_catalog.pg_extension_config_dump('docacl.form'::regclass, 'ORDER BY form_id');
END
$$;
