-- The tables that acl_create_documents makes; {name}, {content} and {preview} are replaced. Columns that docacl knows first, then those whose
-- change asks an action of its own, then the application's. Every gate column has its index, whose key is what a
-- list of documents is narrowed by; owner, requester and own list are each looked for where no gate decides alone.
CREATE TABLE {name} (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    location_id      bigint,
    document_type_id bigint,
    project_id       bigint,
    company_id       bigint,
    environment_id   bigint,
    created_by       bigint,
    requested_by     bigint,
    own_acl          bigint,
    immutable        boolean NOT NULL DEFAULT false,
    deleted_at       timestamptz,
    deleted_by       bigint,
    title            text,
    custom_id        text,
    revision         text,
    password         text,
    signed_at        timestamptz,
    signed_by        bigint,
    archived_at      timestamptz,
    content          text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON {name} (location_id);
CREATE INDEX ON {name} (document_type_id);
CREATE INDEX ON {name} (project_id);
CREATE INDEX ON {name} (company_id);
CREATE INDEX ON {name} (environment_id);
CREATE INDEX ON {name} (created_by) WHERE location_id IS NULL;
CREATE INDEX ON {name} (requested_by) WHERE requested_by IS NOT NULL;
CREATE INDEX ON {name} (own_acl) WHERE own_acl IS NOT NULL;
-- Unique where it is filed: over all places, "duplicate key" would tell of documents that nobody else may know of.
CREATE UNIQUE INDEX ON {name} (location_id, custom_id) WHERE deleted_at IS NULL;
-- What preview and download are asked for, apart from what read shows.
CREATE TABLE {content} (
    document_id bigint PRIMARY KEY REFERENCES {name} ON DELETE CASCADE,
    media_type  text,
    data        bytea
);
CREATE TABLE {preview} (
    document_id bigint REFERENCES {name} ON DELETE CASCADE,
    page        integer DEFAULT 1,
    media_type  text,
    data        bytea,
    PRIMARY KEY (document_id, page)
);
COMMENT ON TABLE {content} IS 'What documents are, to be read by whoever may download the document and written by whoever may write it.';
COMMENT ON TABLE {preview} IS 'How documents look, to be read by whoever may preview the document and written by whoever may write it.';
COMMENT ON COLUMN {name}.custom_id IS 'The application''s own identifier; unique in a location.';
COMMENT ON COLUMN {name}.content IS 'Text for whoever may read the document. What takes download belongs in its content table.';
COMMENT ON TABLE {name} IS 'Documents, protected by docacl. Gate columns hold ids of resources, people ids of principals.';
COMMENT ON COLUMN {name}.location_id IS 'Where it is filed; empty, like every other gate: the intray of whoever made it.';
COMMENT ON COLUMN {name}.created_by IS 'Its owner: whoever made it, whatever the statement says.';
COMMENT ON COLUMN {name}.own_acl IS 'Its own list; written by docacl only.';
COMMENT ON COLUMN {name}.deleted_at IS 'Since when it is deleted; null: it is not. Rows are removed for good by administrators and system only.';
COMMENT ON COLUMN {name}.deleted_by IS 'Who deleted it, and may still see it; written by docacl.';
