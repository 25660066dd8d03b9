-- What every installation begins with: the kinds and actions of core (a test compares them), and system.
-- The account "main" is made by sql/main.sql, with the function that makes every other.

INSERT INTO docacl.kind (name, gate, rank, inherits, has_star, built_in) VALUES
    ('account',       'scope',    0, true,  false, true),
    ('environment',   'scope',    1, true,  false, true),
    ('company',       'scope',    2, true,  false, true),
    ('client',        'scope',    3, true,  false, true),
    ('provider',      'scope',    4, true,  false, true),
    ('location',      'place',    0, false, true,  true),
    ('document',      'place',    1, true,  false, true),
    ('document_type', 'type',     0, true,  true,  true),
    ('project',       'project',  0, true,  true,  true),
    ('function',      'function', 0, true,  true,  true),
    ('queue',         NULL,       0, false, false, true),
    ('form',          NULL,       0, false, false, true);

INSERT INTO docacl.action (bit, name, built_in) VALUES
    (0, 'read', true), (1, 'preview', true), (2, 'print', true), (3, 'download', true), (4, 'email', true),
    (5, 'write', true), (6, 'add', true), (7, 'security', true), (8, 'immutable', true), (9, 'password', true),
    (10, 'delete', true), (11, 'move', true), (12, 'rename', true), (13, 'custom_id', true), (14, 'revision', true),
    (15, 'import', true), (16, 'export', true), (17, 'sign', true), (18, 'archive', true), (19, 'workflow', true),
    (20, 'calendar', true), (21, 'subscription', true), (22, 'automation', true), (23, 'reading_request', true),
    (24, 'store', true), (25, 'enter', true), (26, 'approve', true), (27, 'complete_form', true), (28, 'work_queue', true),
    (32, 'manage_environments', true), (33, 'manage_users', true), (34, 'manage_roles', true), (35, 'view_usage', true),
    (36, 'manage_api_keys', true), (37, 'configure', true), (38, 'manage_companies', true), (39, 'manage_parties', true);

INSERT INTO docacl.principal (account_id, kind, name, built_in) VALUES (NULL, 'system', 'system', 'system');
